import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, askWithTag } from "../../client/client";
import type { AnswerOf, ItemOf } from "../../client/types";

export type Line = ItemOf<"list-policies">;
export type Shown = AnswerOf<"show-policy">;
export type Version = NonNullable<Shown["draft"]>;
export type Policy = NonNullable<Version["policies"]>[number];
export type Writer = NonNullable<Version["publisher"]>;

export interface Versioned {
  data: Shown;
  tag: string;
}

export const trail = [{ label: "Policies", to: "/policies" }];

// usePolicies are all documents, with what may be done with policies.
export function usePolicies() {
  return useQuery({ queryKey: ["policies"], queryFn: () => ask(api.GET("/v1/policies")) });
}

// useDocument is one document with its version.
export function useDocument(id: string | undefined) {
  return useQuery({ queryKey: ["policies", id], enabled: id !== undefined, queryFn: () => askWithTag(api.GET("/v1/policies/{id}", { params: { path: { id: id! } } })) });
}

// useSeen is a document in the version that somebody looked at when they began, and how
// to do something to that: what became of it is read again, also where it did not work.
export function useSeen(of: Versioned) {
  const queries = useQueryClient();
  const [tag] = useState(of.tag);
  const at = { params: { path: { id: of.data.id }, header: { "If-Match": tag } } };
  const did = async <T,>(sent: Promise<T>): Promise<T> => {
    try {
      return await sent;
    } finally {
      await queries.invalidateQueries({ queryKey: ["policies"] });
    }
  };
  return { at, did };
}
