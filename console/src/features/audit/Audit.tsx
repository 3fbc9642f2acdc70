import { Page } from "../../ui/Page";

export function Audit() {
  return <Page title="Audit"><p>soon</p></Page>;
}
