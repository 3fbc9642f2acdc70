import { Alert, Button, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { said } from "../access/words";
import { useMe } from "./me";
import { supported } from "./passkey";
import { usePasskeyMaker } from "./passkeys";
import { Signins } from "./Signins";
import { Tokens } from "./Tokens";
import css from "./settings.module.css";

// Settings is what somebody decides about their own sign-ins.
export function Settings() {
  const me = useMe();
  return (
    <Page title="How do you sign in, and where are you signed in?">
      <div className={ui.grid}>
        <div className={ui.column}>
          <Passkeys />
          <Signins />
          <Tokens />
        </div>
        <div className={ui.column}>
          <Panel title="You">
            <Answer to={me} lines={3}>
              {(who) => (
                <Facts items={[
                  ["Name", who.name], ["Email", who.email], ["Functions", who.described],
                  ["Signed in by", said(who.method)], ["Confirmed", who.mfa_at ? <Time key="m" at={who.mfa_at} /> : "not in this sign-in"], ["At the latest until", <Time key="e" at={who.ends} />],
                ]}
                />
              )}
            </Answer>
          </Panel>
          <Appearance />
        </div>
      </div>
    </Page>
  );
}

function Passkeys() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ["passkeys"], queryFn: () => ask(api.GET("/v1/passkeys")) });
  const make = usePasskeyMaker(() => void queries.invalidateQueries({ queryKey: ["me"] }));
  const remove = useMutation({
    mutationFn: (id: string) => ask(api.DELETE("/v1/passkeys/{id}", { params: { path: { id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["passkeys"] }),
  });
  const error = make.error ?? remove.error;
  return (
    <Panel title="Passkeys" note="they let you in, and confirm dangerous acts" flush>
      <Answer to={list} lines={2}>
        {(d) => ((d.items ?? []).length === 0
          ? <Blank sign={IconFingerprint} title="You have no passkey" text="Without one you need a link each time, and cannot do what asks for a second factor." />
          : (
            <Rows items={(d.items ?? []).map((p) => ({
              key: p.id, start: <IconFingerprint size={18} stroke={1.6} aria-hidden />,
              title: <>{p.name} {p.locked && <Mark tone="bad">Locked: a copy may be in use</Mark>}</>,
              note: <>added <Time at={p.added} />, used <Time at={p.used} /></>,
              end: <Button variant="subtle" size="xs" color="red" loading={remove.isPending && remove.variables === p.id} onClick={() => remove.mutate(p.id)} aria-label={`Remove ${p.name}`}>Remove</Button>,
            }))}
            />
          ))}
      </Answer>
      <div className={css.foot}>
        {error && <Alert color="red" variant="light" role="alert">{asProblem(error).message}</Alert>}
        <Button variant="default" disabled={!supported} loading={make.isPending} leftSection={<IconFingerprint size={16} />} onClick={() => make.mutate("")}>Make a passkey on this device</Button>
      </div>
    </Panel>
  );
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Panel title="Appearance">
      <SegmentedControl
        aria-label="Appearance" fullWidth value={colorScheme} onChange={(v) => setColorScheme(v as MantineColorScheme)}
        data={[{ value: "auto", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }]}
      />
    </Panel>
  );
}
