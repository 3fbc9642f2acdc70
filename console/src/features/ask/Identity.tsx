import { Page } from "../../ui/Page";

export function Identity() {
  return <Page title="Identity"><p>soon</p></Page>;
}
