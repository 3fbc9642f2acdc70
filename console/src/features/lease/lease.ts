import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askWithTag } from "../../client/client";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";

export type Lease = ItemOf<"list-leases">;
export type Template = AnswerOf<"show-lease-template">;
export type TemplateLine = ItemOf<"list-lease-templates">;

// isOpen tells what is not over.
export function isOpen(state: string): boolean {
  return ["waiting", "making", "active", "ending"].includes(state);
}

// isStuck tells what is over and was not taken away when that was tried, or in time.
export function isStuck(l: { state: string; late?: boolean; attempts?: number }): boolean {
  return l.state === "ending" && (l.late === true || (l.attempts ?? 0) > 0);
}

const again = (q: { state: { data?: { items?: { state: string }[] | null } } }) => ((q.state.data?.items ?? []).some((l) => isOpen(l.state)) ? 3000 : 30_000);

export function useLeases(query: QueryOf<"list-leases">) {
  return useQuery({ queryKey: ["leases", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/leases", { params: { query } })), refetchInterval: again });
}

export function useOwnLeases() {
  return useQuery({ queryKey: ["leases", "own"], queryFn: () => ask(api.GET("/v1/me/leases")), refetchInterval: again });
}

export function useTemplates() {
  return useQuery({ queryKey: ["leases", "templates"], queryFn: () => ask(api.GET("/v1/lease-templates")) });
}

export function useTemplate(id: string) {
  return useQuery({ queryKey: ["leases", "template", id], queryFn: () => askWithTag(api.GET("/v1/lease-templates/{id}", { params: { path: { id } } })) });
}

// useAct does one thing about leases. What it was given is kept by nothing once it is done.
export function useAct<T>(act: () => Promise<T>, onDone?: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, gcTime: 0, onSuccess: (answer) => onDone?.(answer), onSettled: () => queries.invalidateQueries({ queryKey: ["leases"] }) });
}
