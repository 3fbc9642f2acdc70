import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "../client/problem";
import { Failure } from "../ui/Blank";
import { Bones } from "../ui/Bones";

// Failed is what a page shows instead of an answer that did not come.
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const p = asProblem(error);
  const kind = p.denied ? "denied" : p.absent ? "absent" : p.status === 0 && p.code === "unreachable" ? "unreachable" : "failed";
  return <Failure kind={kind} text={p.message} number={p.request} onRetry={onRetry} />;
}

// Answer shows what a question was answered with, and what is there until then.
export function Answer<T>({ to, lines, children }: { to: UseQueryResult<T>; lines?: number; children: (data: T) => ReactNode }) {
  if (to.data !== undefined) return <>{children(to.data)}</>;
  if (to.error) return <Failed error={to.error} onRetry={() => void to.refetch()} />;
  return <Bones lines={lines} />;
}
