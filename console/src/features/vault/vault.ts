import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askWithTag } from "../../client/client";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";

export type Safe = AnswerOf<"show-safe">;
export type Secret = AnswerOf<"show-secret">;
export type SecretLine = ItemOf<"list-secrets">;
export type Checkout = ItemOf<"list-checkouts">;
export type Terms = Safe["terms"];
export type Stage = NonNullable<Terms["stages"]>[number];

export interface Versioned<T> {
  data: T;
  tag: string;
}

export function useSafes() {
  return useQuery({ queryKey: ["vault", "safes"], queryFn: () => ask(api.GET("/v1/safes")) });
}

export function useSafe(id: string) {
  return useQuery({ queryKey: ["vault", "safe", id], enabled: id !== "", queryFn: () => askWithTag(api.GET("/v1/safes/{id}", { params: { path: { id } } })) });
}

// useSecrets are secrets that whoever looks may know of: all of them, or those of a safe.
export function useSecrets(safe?: string) {
  return useQuery({ queryKey: ["vault", "secrets", safe ?? ""], queryFn: () => ask(api.GET("/v1/secrets", { params: { query: { safe } } })) });
}

// useSecret is one, and is asked for again while it is due: that ends by itself.
export function useSecret(id: string) {
  return useQuery({
    queryKey: ["vault", "secret", id], queryFn: () => askWithTag(api.GET("/v1/secrets/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data?.data.due ? 3000 : false),
  });
}

// useCheckouts are check-outs, asked for again while one of them is under way.
export function useCheckouts(query: QueryOf<"list-checkouts">) {
  return useQuery({
    queryKey: ["vault", "checkouts", query], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/checkouts", { params: { query } })),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((c) => isOpen(c.state)) ? 5000 : 30_000),
  });
}

export function isOpen(state: string): boolean {
  return state === "waiting" || state === "out";
}

// useAct does one thing in the vault. What it was given is kept by nothing once it is done.
export function useAct<T>(act: () => Promise<T>, onDone?: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act, gcTime: 0, onSuccess: (answer) => onDone?.(answer),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["vault"] });
      void queries.invalidateQueries({ queryKey: ["rotations"] });
    },
  });
}
