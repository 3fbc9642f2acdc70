import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import { kindNames, modeNames, said } from "../access/words";
import css from "./ask.module.css";
import { FindingRows } from "./Identity";

type Shown = AnswerOf<"show-account">;

// Account answers whose an account is and how that is known, and what it can do.
export function Account() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useQuery({ queryKey: ["account", id], queryFn: () => ask(api.GET("/v1/accounts/{id}", { params: { path: { id } } })) });
  const a = shown.data;
  const trail = [{ label: "Accounts", to: "/accounts" }];
  if (!a) return <Page title="Account" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const whose = a.identities ?? [];
  return (
    <Page
      title={`Whose is ${a.account.name}, and what can it do?`} trail={trail} lead={a.display_name && a.display_name !== a.account.name && a.display_name}
      marks={(
        <div className={css.marks}>
          <Mark tone="calm">{kindNames[a.kind] ?? said(a.kind)} account</Mark>
          <Mark tone={a.status === "enabled" ? "good" : "none"} bare>{said(a.status)}</Mark>
          <span className="quiet">in</span><Named of={a.in} />
          {a.disputed && <Mark tone="warn">Disputed</Mark>}
          {!a.disputed && whose.length === 0 && <Mark tone="warn">Orphan: nobody is known to own it</Mark>}
        </div>
      )}
    >
      <Numbers of={a} />
      <div className={ui.grid}>
        <div className={ui.column}>
          <Whose of={a} />
          <Panel title="What it is">
            <Facts items={[
              ["Native id", <code key="n">{a.native_id}</code>],
              ["Kind", <>{kindNames[a.kind] ?? said(a.kind)}{a.kind_reason && <span className="quiet">: {a.kind_reason}</span>}</>],
              ["Signs in", a.interactive ? "a person can sign in with it" : "no person can sign in with it"],
              ["Created", a.created && <Time at={a.created} absolute />], ["Expires", a.expires ? <Time at={a.expires} absolute /> : <span className="quiet">nothing says that it ends</span>],
              ["Last used", a.usage_known ? <Time at={a.last_used} /> : <span className="quiet">nothing is known of its use</span>],
            ]}
            />
          </Panel>
        </div>
        <div className={ui.column}>
          <Held of={a} />
          <Ways of={a} />
        </div>
      </div>
      <FindingRows of={a.findings} title="What is wrong with it" />
    </Page>
  );
}

function Numbers({ of }: { of: Shown }) {
  const tiers = of.tiers ?? [];
  const privileged = tiers.filter((t) => t.tier <= 1).reduce((n, t) => n + t.standing, 0);
  const ordinary = tiers.filter((t) => t.tier > 1).reduce((n, t) => n + t.standing, 0);
  const open = (of.findings.items ?? []).filter((f) => f.status === "open").length;
  return (
    <Figures items={[
      { value: count(privileged), label: "standing privileges", note: "tiers 0 and 1, held now", tone: privileged > 0 ? "bad" : undefined },
      { value: count(ordinary), label: "ordinary entitlements", note: "tiers 2 and 3" },
      { value: count((of.credentials ?? []).length), label: "credentials", note: "that it accepts" },
      { value: count(open), label: "open findings", tone: open > 0 ? "warn" : undefined },
    ]}
    />
  );
}

const linkStates: Record<string, string> = {
  confirmed: "a rule was sure", manual: "a person has said so", disputed: "nobody can tell yet: a person has to decide",
};

function Whose({ of }: { of: Shown }) {
  const whose = of.identities ?? [];
  return (
    <Panel title="Whose it is, and how that is known">
      <Facts items={[
        ["Belongs to", whose.length === 0 ? <span className="quiet">nobody who is known</span> : <div key="w">{whose.map((w, i) => <div key={w.id || i}><Named of={w} /></div>)}</div>],
        ["How", linkStates[of.link.state] ?? "no rule says whose it is"], ["By the rule", of.link.rule && <code key="r">{of.link.rule}</code>], ["Evidence", of.link.evidence],
        ["Since", of.link.since && <Time at={of.link.since} absolute />],
      ]}
      />
    </Panel>
  );
}

function Held({ of }: { of: Shown }) {
  const tiers = of.tiers ?? [];
  const modes = (["standing", "eligible", "active"] as const).filter((m) => m === "standing" || tiers.some((t) => t[m] > 0));
  const whose = (of.identities ?? []).find((w) => w.id && !w.hidden);
  return (
    <Panel title="What it holds" note="entitlements by tier, its own and through others" flush>
      {tiers.length === 0 ? <Blank title="Nothing" text="It has no entitlement." /> : (
        <table className={css.held}>
          <thead><tr><th scope="col">Tier</th>{modes.map((m) => <th key={m} scope="col">{modeNames[m]}</th>)}</tr></thead>
          <tbody>{tiers.map((t) => <tr key={t.tier}><th scope="row"><Tier of={t.tier} /></th>{modes.map((m) => <td key={m}>{count(t[m])}</td>)}</tr>)}</tbody>
        </table>
      )}
      {whose && <p className={css.hidden}>Each of them, and why: <Named of={whose} withSystem={false} />.</p>}
    </Panel>
  );
}

// Ways is how one gets into the account, and where it leads.
function Ways({ of }: { of: Shown }) {
  const accounts = [
    ...(of.opened_by ?? []).map((a) => ({ a, note: "whoever signs in with this is let in here" })),
    ...(of.opens ?? []).map((a) => ({ a, note: "is opened by this account" })),
  ];
  const credentials = of.credentials ?? [];
  return (
    <Panel title="Ways in, and onward" flush>
      {accounts.length + credentials.length === 0 ? <Blank title="None is known" text="No credential and no other account is known to lead in or onward." /> : (
        <Rows items={[
          ...credentials.map((c, i) => ({
            key: `c${i}`, title: said(c.kind), note: <>{c.changed && <>changed <Time at={c.changed} />, </>}{c.last_used ? <>used <Time at={c.last_used} /></> : "nothing is known of its use"}{c.accounts > 1 && <>; {count(c.accounts)} accounts accept the same</>}</>,
            end: c.accounts > 1 ? <Mark tone="warn">Shared</Mark> : undefined,
          })),
          ...accounts.map(({ a, note }, i) => ({
            key: a.id || `a${i}`, to: a.id ? `/accounts/${a.id}` : undefined, title: <>{a.hidden ? "hidden" : a.name} {a.system && <span className="quiet">in {a.system}</span>}</>, note,
          })),
        ]}
        />
      )}
    </Panel>
  );
}
