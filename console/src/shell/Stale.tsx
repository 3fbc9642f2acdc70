import { Alert, Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQueryClient, type Query } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { asProblem } from "../client/problem";
import css from "./frame.module.css";

// failed is a question that was answered once, and not when it was asked again.
const failed = (q: Query) => q.state.status === "error" && q.state.data !== undefined && asProblem(q.state.error).status !== 401;

// soon is how long that may be so while a page is about to change anyway.
const soon = 1000;

// Stale says that what a page shows could not be read again: an answer stays shown when the
// next one does not come, and would else look like what is so now.
export function Stale() {
  const queries = useQueryClient();
  const cache = queries.getQueryCache();
  const why = useSyncExternalStore(
    useCallback((changed: () => void) => cache.subscribe(changed), [cache]),
    () => asProblem(cache.findAll({ type: "active", predicate: failed })[0]?.state.error ?? "").message,
  );
  const [lasting] = useDebouncedValue(why, soon);
  if (why === "" || lasting !== why) return null;
  return (
    <Alert className={css.stale} color="yellow" variant="light" role="status" title="What is shown may not be so any more">
      <p>It could not be read again. {why}</p>
      <Button variant="default" size="compact-sm" onClick={() => void queries.refetchQueries({ type: "active", predicate: failed })}>Try again</Button>
    </Alert>
  );
}
