import { Page } from "../../ui/Page";

export function Identities() {
  return <Page title="Identities"><p>soon</p></Page>;
}
