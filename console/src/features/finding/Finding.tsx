import { Page } from "../../ui/Page";

export function Finding() {
  return <Page title="Finding"><p>soon</p></Page>;
}
