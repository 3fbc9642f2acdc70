import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { make } from "./passkey";

// usePasskeyMaker makes a passkey in this browser and gives it to the door.
export function usePasskeyMaker(onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const begun = await ask(api.POST("/v1/passkeys/begin"));
      const credential = await make(begun.public_key);
      await ask(api.POST("/v1/passkeys/finish", { body: { credential, name: name || device() } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["passkeys"] });
      onDone?.();
    },
  });
}

// device is what somebody would call this browser.
export function device(): string {
  const agent = navigator.userAgent;
  const system = /Windows/.test(agent) ? "Windows" : /Mac OS/.test(agent) ? "Mac" : /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iPhone or iPad" : "Linux";
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox" : /Chrom(e|ium)\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "a browser";
  return `${browser} on ${system}`;
}
