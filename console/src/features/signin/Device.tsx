import { Alert, Button, Group, TextInput } from "@mantine/core";
import { IconCircleCheck, IconTerminal2 } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import css from "./settings.module.css";

// Device lets a program act as somebody, once they have seen which one it is and
// compared the code. Nothing is approved by following a link.
export function Device() {
  const { code, user_code } = useSearch({ strict: false }) as { code?: string; user_code?: string };
  const shown = code ?? user_code;
  return (
    <Page title="Let a program act as you?" lead="A program asked to be signed in, with a code that it shows. Only go on if you have started it yourself.">
      {shown ? <Waiting code={String(shown)} /> : <AskCode />}
    </Page>
  );
}

function AskCode() {
  const [text, setText] = useState("");
  const go = useNavigate();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    void go({ to: "/device", search: { code: text.trim() } as never });
  };
  return (
    <Panel title="Which code does it show?">
      <form onSubmit={submit} className={css.inline}>
        <TextInput aria-label="Code" placeholder="ABCD-EFGH" required maxLength={16} value={text} onChange={(e) => setText(e.currentTarget.value)} classNames={{ input: "mono" }} />
        <Button type="submit">Look at it</Button>
      </form>
    </Panel>
  );
}

function Waiting({ code }: { code: string }) {
  const waiting = useQuery({ queryKey: ["device", code], retry: false, queryFn: () => ask(api.GET("/v1/device/{code}", { params: { path: { code } } })) });
  const answer = useMutation({
    mutationFn: (verb: "approve" | "deny") => (verb === "approve"
      ? ask(api.POST("/v1/device/{code}/approve", { params: { path: { code } } }))
      : ask(api.POST("/v1/device/{code}/deny", { params: { path: { code } } }))),
  });
  if (answer.isSuccess) {
    return answer.variables === "approve"
      ? <Panel><Blank sign={IconCircleCheck} title="The program is signed in as you" text="You can close this page. What it does is recorded in your name; end it any time in Settings." /></Panel>
      : <Panel><Blank title="Nothing was given" text="The program was told that it is not signed in. If you did not start it, tell security operations." /></Panel>;
  }
  return (
    <Panel title="What asks">
      <Answer to={waiting} lines={4}>
        {(w) => (
          <div className={css.stack}>
            <p className={css.code} aria-label={`The code ${code}`}>{code}</p>
            <p>Compare: the program must show exactly this code.</p>
            <Facts items={[
              ["Calls itself", <span key="c"><IconTerminal2 size={15} aria-hidden /> {w.client} <span className="quiet">(anything can call itself anything)</span></span>],
              ["Client", w.agent],
              ["Asks from", <code key="a">{w.address}</code>],
              ["Its key", <code key="k">{w.key}</code>],
              ["Asked", <Time key="t" at={w.asked} />],
              ["Ends", <Time key="e" at={w.ends} />],
            ]}
            />
            {answer.error && <Alert color="red" variant="light" role="alert">{asProblem(answer.error).message}</Alert>}
            <Group>
              <Button loading={answer.isPending && answer.variables === "approve"} onClick={() => answer.mutate("approve")}>Yes, it is mine: let it act as me</Button>
              <Button variant="default" loading={answer.isPending && answer.variables === "deny"} onClick={() => answer.mutate("deny")}>No</Button>
            </Group>
          </div>
        )}
      </Answer>
    </Panel>
  );
}
