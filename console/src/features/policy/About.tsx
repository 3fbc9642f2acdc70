import { Alert } from "@mantine/core";
import { Facts } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import type { Version } from "./policy";
import { writerName, writerNames } from "./words";

// Unusable says why a text could not be used, which otherwise lists no policy.
export function Unusable({ of: v }: { of: Version }) {
  return v.problem && <Alert color="red" variant="light" role="alert" title="It could not be used now">{v.problem}</Alert>;
}

// About is who wrote and published a version, and why.
export function About({ of: v }: { of: Version }) {
  return (
    <Facts items={[
      ["Written by", writerNames(v.authors)], ["Because", `“${v.reason}”`],
      ["Published by", v.publisher && writerName(v.publisher)], ["Because then", v.note && `“${v.note}”`],
      [v.publisher ? (v.retired ? "Retired" : "In force") : "Changed", <Time key="t" at={v.since} />],
    ]}
    />
  );
}
