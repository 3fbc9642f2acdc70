import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { QueryOf } from "../../client/types";

// useOperations is the first of the operations that fit.
export function useOperations(query: QueryOf<"list-operations">) {
  const asked = { limit: 50, ...query };
  return useQuery({ queryKey: ["provisioning", "operations", asked], queryFn: () => ask(api.GET("/v1/provisioning/operations", { params: { query: asked } })) });
}

// atMost counts a first page, and says where there is more.
export function atMost(page: { items: unknown[] | null; next?: string } | undefined): string {
  if (!page) return "–";
  const n = (page.items ?? []).length;
  return page.next ? `over ${n}` : String(n);
}
