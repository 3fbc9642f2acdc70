import { Page } from "../../ui/Page";

export function Coverage() {
  return <Page title="Coverage"><p>soon</p></Page>;
}
