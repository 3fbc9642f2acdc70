import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, askWithTag } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf, ItemOf } from "../../client/types";

export type Line = ItemOf<"list-roles">;
export type Shown = AnswerOf<"show-role">;
export type Told = NonNullable<Shown["published"]>;
export type Draft = NonNullable<Shown["draft"]>;
export type Part = NonNullable<Told["parts"]>[number];
export type Parameter = NonNullable<Told["parameters"]>[number];
export type Impact = AnswerOf<"show-role-impact">;
export type Group = Impact["gain"];
export type Values = Record<string, string>;

export interface Versioned {
  data: Shown;
  tag: string;
}

export const trail = [{ label: "Roles", to: "/roles" }];

// useRole is a role with its version.
export function useRole(id: string) {
  return useQuery({ queryKey: ["role", id], queryFn: () => askWithTag(api.GET("/v1/roles/{id}", { params: { path: { id } } })) });
}

// useImpact is what publishing the draft, as it is kept, would change.
export function useImpact(id: string, version: number) {
  return useQuery({ queryKey: ["role", id, "impact", version], queryFn: () => ask(api.GET("/v1/roles/{id}/impact", { params: { path: { id } } })) });
}

// useAct changes a role in the version that whoever acts has seen. Where somebody was
// faster, what they did is read, and what was typed stays.
export function useAct<Out>(id: string, act: (tag: string) => Promise<Out>, onDone?: (out: Out) => void) {
  const queries = useQueryClient();
  const again = () => Promise.all([queries.invalidateQueries({ queryKey: ["role", id] }), queries.invalidateQueries({ queryKey: ["roles"] })]);
  return useMutation({
    mutationFn: act,
    onSuccess: async (out) => { await again(); onDone?.(out); },
    onError: async (error) => { if (overtaken(error)) await again(); },
  });
}

export function overtaken(error: unknown): boolean {
  return asProblem(error).code === "version-changed";
}
