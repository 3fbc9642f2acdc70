import { Alert, Button } from "@mantine/core";
import { IconArrowRight, IconFingerprint } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { thumbprint } from "../../client/proof";
import { Answer } from "../../shell/Answer";
import { Door } from "./Door";
import css from "./door.module.css";
import { show, supported } from "./passkey";
import { safePlace } from "./way";

// What a provider's way back can tell. The address carries a code, which anybody could
// write there, and never a text.
const problems: Record<string, string> = {
  "sign-in-not-begun": "That sign-in was begun in another browser, took too long or was finished before. Begin again.",
  "provider-answer": "The provider's answer does not hold. Begin again; if it stays so, ask whoever runs Writ.",
  "provider-down": "The provider does not answer as it should. Try again in a minute, or sign in another way.",
  "provider-not-found": "There is no such provider any more. Sign in another way.",
  "email-not-verified": "The provider does not vouch for your email address, by which you would be known. Ask whoever runs it.",
  "email-of-two": "Two people are known by that email address. Ask whoever runs Writ.",
  "not-active": "Nobody who works here is known by that. Ask whoever runs Writ.",
};

// leave goes to a provider, and says by which key the browser will be known after.
async function leave(provider: string, back: string): Promise<void> {
  location.assign(`/signin/oidc/${encodeURIComponent(provider)}?${new URLSearchParams({ key: await thumbprint(), back })}`);
}

// SignIn is the way in for who has been here before.
export function SignIn() {
  const search = useSearch({ strict: false }) as { to?: string; problem?: string };
  const to = safePlace(search.to);
  const ways = useQuery({ queryKey: ["ways in"], queryFn: () => ask(api.GET("/v1/signin")), staleTime: 60_000 });
  const enter = useMutation({
    mutationFn: async () => {
      const begun = await ask(api.POST("/v1/signin/passkey/begin"));
      await ask(api.POST("/v1/signin/passkey/finish", { body: { credential: await show(begun.public_key) } }));
    },
    onSuccess: () => location.assign(to),
  });
  useEffect(() => { document.title = "Sign in · Writ"; }, []);

  return (
    <Door title="Sign in to Writ" text={to === "/" ? undefined : "You were asked to sign in. You come back to where you were."}>
      {search.problem && !enter.error && <Alert color="red" variant="light" role="alert">{problems[search.problem] ?? "That did not work. Try again, or sign in another way."}</Alert>}
      {enter.error && <Alert color="red" variant="light" role="alert">{asProblem(enter.error).message}</Alert>}
      <Answer to={ways} lines={3}>
        {(w) => (
          <>
            <Button size="md" fullWidth disabled={!supported} loading={enter.isPending} leftSection={<IconFingerprint size={19} />} onClick={() => enter.mutate()}>
              Sign in with a passkey
            </Button>
            {(w.providers ?? []).length > 0 && <div className={css.or}>or</div>}
            {(w.providers ?? []).map((p) => (
              <Button key={p.name} variant="default" size="md" fullWidth rightSection={<IconArrowRight size={16} />} onClick={() => void leave(p.name, to)}>
                Sign in with {p.title || p.name}
              </Button>
            ))}
            <p className={css.small}>
              {supported ? "No passkey on this device? " : "This browser has no passkeys. "}
              Ask whoever runs Writ for a link that signs you in once.
            </p>
          </>
        )}
      </Answer>
    </Door>
  );
}
