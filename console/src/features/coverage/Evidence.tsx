import { Page } from "../../ui/Page";

export function Evidence() {
  return <Page title="Evidence"><p>soon</p></Page>;
}
