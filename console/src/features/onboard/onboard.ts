import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { AnswerOf, ItemOf, QueryOf } from "../../client/types";
import type { operations } from "../../api/schema";

export type Candidate = ItemOf<"list-onboarding-candidates">;
export type Onboarding = AnswerOf<"show-onboarding">;
export type Item = NonNullable<Onboarding["items"]>[number];
export type Ask = operations["preview-onboarding"]["requestBody"]["content"]["application/json"];

export function useCandidates(query: QueryOf<"list-onboarding-candidates">) {
  return useQuery({
    queryKey: ["onboardings", "candidates", query], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/onboardings/candidates", { params: { query } })),
  });
}

export function useOnboardings() {
  return useQuery({
    queryKey: ["onboardings", "all"], queryFn: () => ask(api.GET("/v1/onboardings")),
    refetchInterval: (q) => ((q.state.data?.items ?? []).some((o) => underWay(o.counts)) ? 3000 : false),
  });
}

// useOnboarding is one, asked for again while an item of it may end by itself.
export function useOnboarding(id: string) {
  return useQuery({
    queryKey: ["onboardings", "one", id], queryFn: () => ask(api.GET("/v1/onboardings/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (underWay(q.state.data?.counts) ? 2000 : false),
  });
}

// underWay reports whether something of an onboarding goes on by itself.
export function underWay(counts: Record<string, number> | undefined): boolean {
  return ["waiting", "due", "failing"].some((s) => (counts?.[s] ?? 0) > 0);
}

// usePreview is what taking over would do. It changes nothing.
export function usePreview(body: Ask | undefined) {
  return useQuery({
    queryKey: ["onboardings", "preview", body], enabled: body !== undefined, retry: false, gcTime: 0,
    queryFn: () => ask(api.POST("/v1/onboardings/preview", { body: body! })),
  });
}

// useAct does one thing to what is taken over.
export function useAct<T>(act: () => Promise<T>, onDone: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act, onSuccess: onDone,
    onSettled: () => { for (const key of ["onboardings", "rotations", "vault"]) void queries.invalidateQueries({ queryKey: [key] }); },
  });
}
