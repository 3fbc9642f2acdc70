import { Page } from "../../ui/Page";

export function Entitlements() {
  return <Page title="Entitlements"><p>soon</p></Page>;
}
