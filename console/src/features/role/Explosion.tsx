import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { IconCircleCheck } from "@tabler/icons-react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { useList } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { placeOf } from "../access/Named";
import { trail } from "./role";
import css from "./role.module.css";
import { people, share, troubleNames, troubles } from "./words";

type Line = ItemOf<"show-role-explosion">;

const few = 10; // of each trouble, where all are shown
const many = 200; // of the one that was asked for

// Explosion answers which roles are one too many, what to do, and who answers for that.
export function Explosion() {
  const list = useList();
  const only = list.text("trouble");
  const found = useQuery({ queryKey: ["roles", "explosion"], queryFn: () => ask(api.GET("/v1/roles/explosion")) });
  return (
    <Page title="Which roles are one too many?" trail={trail} lead="Roles multiply by themselves. Each trouble says what to do about it, and who answers for the role; where nobody does, IAM does.">
      <Answer to={found} lines={8}>
        {(x) => {
          const shown = troubles.filter((t) => (x.counts[t] ?? 0) > 0 && (only === undefined || only === t));
          const all = Object.values(x.counts).reduce((n, each) => n + each, 0);
          return (
            <>
              <Figures items={[{ value: count(all), label: all === 1 ? "trouble" : "troubles", tone: all > 0 ? "warn" : undefined }, { value: count(x.roles), label: "published roles" }]} />
              <div className={css.buttons}>
                <ChoiceField list={list} name="trouble" label="Trouble" width="15rem" choices={troubles.filter((t) => (x.counts[t] ?? 0) > 0).map((t) => ({ value: t, label: `${troubleNames[t]} (${count(x.counts[t])})` }))} />
              </div>
              {shown.length === 0 && <Panel><Blank sign={IconCircleCheck} title="No role is one too many" text="Every role gives something of its own to more than one person, and somebody answers for it." /></Panel>}
              <div className={ui.column}>
                {shown.map((t) => <Troubled key={t} of={t} lines={(x.items ?? []).filter((l) => l.trouble === t)} all={x.counts[t] ?? 0} whole={only === t} />)}
              </div>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

function Troubled({ of, lines, all, whole }: { of: string; lines: Line[]; all: number; whole: boolean }) {
  const shown = lines.slice(0, whole ? many : few);
  return (
    <Panel title={troubleNames[of]} note={count(all)} flush>
      <p className={css.advice}>{sentence(lines[0]?.advice ?? "")}</p>
      <Rows items={shown.map((l, i) => ({ key: `${l.role.id}-${i}`, title: <Pair of={l} />, note: noteOf(l), end: <span className="quiet">{l.owner ? (l.owner.hidden ? "somebody" : l.owner.name) : "IAM"}</span> }))} />
      {shown.length < all && <p className={css.more}>{whole ? <span className="quiet">The first {count(shown.length)} of {count(all)}.</span> : <Link to="/roles/explosion" search={{ trouble: of } as never}>Show all {count(all)}</Link>}</p>}
    </Panel>
  );
}

function Pair({ of }: { of: Line }) {
  const link = (r: Line["role"]) => (r.hidden ? <span className="quiet">hidden</span> : <Link to={placeOf(r) ?? "/roles"}>{r.name}</Link>);
  return <>{link(of.role)}{of.other && <><span className="quiet"> and </span>{link(of.other)}</>}</>;
}

// noteOf is how bad it is.
function noteOf(l: Line): string | undefined {
  if (l.other) return `${share(l.entitlements)} of what either gives both give; ${share(l.people)} of who has either have both`;
  if (l.trouble === "deep") return `${count(l.number)} roles lie in each other`;
  return l.trouble === "unused" ? `${people(l.number ?? 0)} have it` : undefined;
}
