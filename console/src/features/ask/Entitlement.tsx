import { Page } from "../../ui/Page";

export function Entitlement() {
  return <Page title="Entitlement"><p>soon</p></Page>;
}
