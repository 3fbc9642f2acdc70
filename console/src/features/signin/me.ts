import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { functionNames } from "../function/words";

// useMe is who has signed in, and what they answer for.
export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: () => ask(api.GET("/v1/me")),
    staleTime: 60_000,
    retry: false,
    select: (me) => ({ ...me, described: functionNames(me.functions) }),
  });
}

// Tabs share one sign-in. Whoever leaves in one leaves no page of theirs in another.
const tabs = new BroadcastChannel("writ-signin");

export function whenSignedOut(act: () => void): () => void {
  tabs.addEventListener("message", act);
  return () => tabs.removeEventListener("message", act);
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.POST("/v1/signout")),
    onSettled: () => {
      queries.clear();
      tabs.postMessage("signed out");
      location.assign("/signin");
    },
  });
}
