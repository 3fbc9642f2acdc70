import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askWithTag } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf, ItemOf } from "../../client/types";
import type { operations } from "../../api/schema";

export type Shown = AnswerOf<"show-system">;
export type Kind = ItemOf<"list-kinds">;
export type Run = ItemOf<"list-runs">;
export type Change = operations["change-system"]["requestBody"]["content"]["application/json"];

export interface Versioned {
  data: Shown;
  tag: string;
}

const moving = (r: { state: string }) => r.state === "running";

// useSystem is a system with its version. While something is read, or about to be for
// the first time, it is asked for again.
export function useSystem(id: string) {
  return useQuery({
    queryKey: ["system", id],
    queryFn: () => askWithTag(api.GET("/v1/systems/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => {
      const s = q.state.data?.data;
      if (!s) return false;
      return (s.runs ?? []).some(moving) ? 1500 : s.health.state === "never_read" ? 3000 : false;
    },
  });
}

export function useKinds() {
  return useQuery({ queryKey: ["kinds"], queryFn: () => ask(api.GET("/v1/kinds")), staleTime: 300_000 });
}

// useAct changes a system in the version that whoever acts has seen. Where somebody was
// faster, what they did is read, and what was typed stays.
export function useAct<In>(id: string, act: (given: In, tag: string) => Promise<Versioned>, onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ given, tag }: { given: In; tag: string }) => act(given, tag),
    onSuccess: (after) => {
      queries.setQueryData(["system", id], after);
      void queries.invalidateQueries({ queryKey: ["systems"] });
      onDone?.();
    },
    onError: (error) => { if (overtaken(error)) void queries.invalidateQueries({ queryKey: ["system", id] }); },
  });
}

export function useChange(id: string, onDone?: () => void) {
  return useAct<Change>(id, (body, tag) => askWithTag(api.PATCH("/v1/systems/{id}", { params: { path: { id }, header: { "If-Match": tag } }, body })), onDone);
}

export function overtaken(error: unknown): boolean {
  return asProblem(error).code === "version-changed";
}

// useLastRun follows the last run of one kind: it is the server's, so that whoever comes
// back finds it where it stands.
export function useLastRun(system: string, kind: "test" | "dry_run") {
  const last = useQuery({
    queryKey: ["runs", system, kind],
    queryFn: () => ask(api.GET("/v1/runs", { params: { query: { system, kind, limit: 1 } } })),
    select: (d) => (d.items ?? [])[0]?.id,
  });
  const id = last.data;
  const run = useQuery({
    queryKey: ["run", id], enabled: id !== undefined,
    queryFn: () => ask(api.GET("/v1/runs/{id}", { params: { path: { id: id ?? "" } } })),
    refetchInterval: (q) => (q.state.data && moving(q.state.data) ? 700 : false),
  });
  return { run: run.data, pending: last.isPending || (id !== undefined && run.isPending), error: last.error ?? run.error };
}

// useStart begins a run of a kind.
export function useStart(system: string, kind: "test" | "dry_run") {
  const queries = useQueryClient();
  const params = { params: { path: { id: system } } };
  return useMutation({
    mutationFn: () => ask(kind === "test" ? api.POST("/v1/systems/{id}/test", params) : api.POST("/v1/systems/{id}/dry-run", params)),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["system", system] });
      void queries.invalidateQueries({ queryKey: ["preview", system] });
      return queries.invalidateQueries({ queryKey: ["runs", system, kind] });
    },
  });
}

export function useStop(system: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (run: string) => ask(api.DELETE("/v1/runs/{id}", { params: { path: { id: run } } })),
    onSettled: (_done, _error, run) => Promise.all([queries.invalidateQueries({ queryKey: ["run", run] }), queries.invalidateQueries({ queryKey: ["system", system] })]),
  });
}
