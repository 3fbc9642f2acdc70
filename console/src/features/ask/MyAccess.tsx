import { Page } from "../../ui/Page";

export function MyAccess() {
  return <Page title="MyAccess"><p>soon</p></Page>;
}
