import { Alert, Button, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Bones } from "../../ui/Bones";
import { Door } from "./Door";
import css from "./door.module.css";
import { supported } from "./passkey";
import { usePasskeyMaker } from "./passkeys";

// What a link carries stands behind #, which no server and no log is sent; it is taken
// out of the address at once.
function taken(): string {
  const secret = location.hash.slice(1);
  if (secret) history.replaceState(null, "", location.pathname);
  return secret;
}

const secret = taken();

// Welcome is where a link that signs in once leads. The link is used when somebody
// presses the button, so that a program which only looks at links does not use it up.
export function Welcome() {
  const [step, setStep] = useState<"link" | "passkey">("link");
  const ways = useQuery({ queryKey: ["ways in"], queryFn: () => ask(api.GET("/v1/signin")) });
  useEffect(() => { document.title = "Welcome · Writ"; }, []);
  if (!secret && step === "link") {
    return (
      <Door title="This link is not whole" text="Open it again from where you got it; all of it belongs into the address, also what stands behind #.">
        <Button component="a" href="/signin" variant="default">Sign in another way</Button>
      </Door>
    );
  }
  if (step === "passkey") return <OfferPasskey />;
  if (ways.isPending) return <Door title="Welcome to Writ"><Bones lines={2} /></Door>;
  if (ways.data?.first_owner) return <OwnerForm onDone={() => setStep("passkey")} />;
  return <UseLink onDone={() => setStep("passkey")} />;
}

function UseLink({ onDone }: { onDone: () => void }) {
  const use = useMutation({
    mutationFn: () => ask(api.POST("/v1/signin/link", { body: { secret } })),
    onSuccess: onDone,
  });
  return (
    <Door title="Welcome to Writ" text="This link signs you in once, in this browser.">
      {use.error && <Alert color="red" variant="light" role="alert">{asProblem(use.error).message}</Alert>}
      <Button size="md" fullWidth loading={use.isPending} onClick={() => use.mutate()}>Sign me in</Button>
      {use.error && <Button component="a" href="/signin" variant="default" fullWidth>Sign in another way</Button>}
    </Door>
  );
}

// The first link of an installation makes its owner, who has to say who they are.
function OwnerForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const make = useMutation({
    mutationFn: () => ask(api.POST("/v1/signin/link", { body: { secret, name: name.trim(), email: email.trim() } })),
    onSuccess: onDone,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  return (
    <Door title="You are the first here" text="Whoever uses this link owns this installation: they give others their functions. Say who you are.">
      <form onSubmit={submit} className={css.form}>
        {make.error && <Alert color="red" variant="light" role="alert">{asProblem(make.error).message}</Alert>}
        <TextInput label="Your name" autoComplete="name" required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label="Your email address" type="email" autoComplete="email" required maxLength={254} value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
        <Button type="submit" size="md" loading={make.isPending}>Become the owner</Button>
      </form>
    </Door>
  );
}

function OfferPasskey() {
  const have = useQuery({ queryKey: ["passkeys"], queryFn: () => ask(api.GET("/v1/passkeys")) });
  const make = usePasskeyMaker(() => location.assign("/"));
  const some = (have.data?.items ?? []).length > 0;
  useEffect(() => { if (some) location.assign("/"); }, [some]);
  if (have.isPending || some) return <Door title="You are in"><Bones lines={2} /></Door>;
  return (
    <Door title="Keep a passkey" text="The link is used up. A passkey on this device lets you in from now on, and confirms dangerous acts.">
      {make.error && <Alert color="red" variant="light" role="alert">{asProblem(make.error).message}</Alert>}
      <Button size="md" fullWidth disabled={!supported} loading={make.isPending} leftSection={<IconFingerprint size={19} />} onClick={() => make.mutate("")}>Make a passkey</Button>
      <Button variant="subtle" fullWidth onClick={() => location.assign("/")}>Not now</Button>
    </Door>
  );
}
