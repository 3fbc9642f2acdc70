import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";

export type Authority = AnswerOf<"show-authority">;
export type AuthorityLine = ItemOf<"list-authorities">;
export type Profile = NonNullable<Authority["profiles"]>[number];
export type Right = NonNullable<Profile["rights"]>[number];
export type Certificate = ItemOf<"list-certificates">;

export function useAuthorities() {
  return useQuery({ queryKey: ["authorities"], queryFn: () => ask(api.GET("/v1/authorities")) });
}

export function useAuthority(id: string) {
  return useQuery({ queryKey: ["authorities", id], queryFn: () => ask(api.GET("/v1/authorities/{id}", { params: { path: { id } } })), refetchInterval: 30_000 });
}

export function useCertificates(query: QueryOf<"list-certificates">) {
  return useQuery({
    queryKey: ["authorities", "certificates", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/certificates", { params: { query } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((c) => c.state === "waiting") ? 3000 : 30_000),
  });
}

// useAct does one thing about authorities. What it was given is kept by nothing once it is done.
export function useAct<T>(act: () => Promise<T>, onDone?: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, gcTime: 0, onSuccess: (answer) => onDone?.(answer), onSettled: () => queries.invalidateQueries({ queryKey: ["authorities"] }) });
}
