import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { agentName } from "./agent";
import { make } from "./passkey";

// usePasskeyMaker makes a passkey in this browser and gives it to the door.
export function usePasskeyMaker(onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const begun = await ask(api.POST("/v1/passkeys/begin"));
      const credential = await make(begun.public_key);
      await ask(api.POST("/v1/passkeys/finish", { body: { credential, name: name || agentName(navigator.userAgent) } }));
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["passkeys"] });
      onDone?.();
    },
  });
}
