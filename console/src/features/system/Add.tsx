import { Page } from "../../ui/Page";

export function Add() {
  return <Page title="Add"><p>soon</p></Page>;
}
