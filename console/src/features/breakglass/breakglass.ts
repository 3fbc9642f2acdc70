import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";

export type Kit = AnswerOf<"show-break-glass-kit">;
export type Opening = NonNullable<Kit["opened"]>[number];
export type Merged = AnswerOf<"merge-break-glass-record">;

export function useKits() {
  return useQuery({ queryKey: ["break glass", "kits"], queryFn: () => ask(api.GET("/v1/break-glass")) });
}

export function useKit(id: string) {
  return useQuery({ queryKey: ["break glass", "kit", id], queryFn: () => ask(api.GET("/v1/break-glass/{id}", { params: { path: { id } } })) });
}

// useAct does one thing to kits. What it was given, and what it was answered, is kept by
// nothing once it is done.
export function useAct<T>(act: () => Promise<T>, onDone: (answer: T) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act, gcTime: 0, onSuccess: onDone,
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["break glass"] });
      void queries.invalidateQueries({ queryKey: ["rotations"] });
    },
  });
}
