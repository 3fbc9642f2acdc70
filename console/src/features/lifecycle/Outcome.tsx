import { Alert, Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { said } from "../access/words";
import css from "./lifecycle.module.css";
import type { Outcome as What } from "./words";

const firstShown = 8;

type Part = NonNullable<What["gains"]>[number];
type Turn = NonNullable<What["accounts"]>[number];

// Outcome is what an event brings somebody: accounts first, since what works through them
// goes or comes with them.
export function Outcome({ of: o, done }: { of: What; done?: boolean }) {
  const gains = o.gains ?? [];
  const loses = o.loses ?? [];
  const accounts = o.accounts ?? [];
  const nothing = gains.length + loses.length + accounts.length === 0;
  return (
    <div className={css.effect}>
      {o.held && <Alert color="yellow" variant="light">They are in a held step, and stay as they are until somebody decides on it.</Alert>}
      {nothing && <p>{done ? "Nothing followed from it." : "They would gain and lose nothing, and their accounts would stay as they are."}</p>}
      <Listed title={done ? "Lost" : "They lose"} parts={loses} />
      <Listed title={done ? "Gained" : "They gain"} parts={gains} />
      {accounts.length > 0 && (
        <Section title={done ? "Accounts, as they are to be" : "Their accounts"} n={accounts.length}>
          {(shown) => accounts.slice(0, shown).map((a, i) => <li key={a.account?.id ?? `${a.system.id} ${i}`}><Account of={a} /></li>)}
        </Section>
      )}
      {(o.failures ?? []).map((f) => <Alert key={f} color="yellow" variant="light">{f}</Alert>)}
    </div>
  );
}

function Listed({ title, parts }: { title: string; parts: Part[] }) {
  if (parts.length === 0) return null;
  return (
    <Section title={title} n={parts.length}>
      {(shown) => parts.slice(0, shown).map((p) => (
        <li key={p.entitlement.id}>
          <span><Named of={p.entitlement} />{p.because && <span className="quiet">, by {p.because}</span>}</span>
          {p.until && <span className="quiet">kept until <Time at={p.until} absolute /></span>}
        </li>
      ))}
    </Section>
  );
}

function Section({ title, n, children }: { title: string; n: number; children: (shown: number) => ReactNode }) {
  const [all, setAll] = useState(false);
  return (
    <section>
      <h3>{title} <span className="quiet">{count(n)}</span></h3>
      <ul className={css.things}>{children(all ? n : firstShown)}</ul>
      {n > firstShown && !all && <Button variant="subtle" size="xs" onClick={() => setAll(true)}>Show all {count(n)}</Button>}
    </section>
  );
}

// plain are the reasons that the event itself tells.
const plain = ["left", "suspended", "leave_of_absence", "by the mapping"];

const tones = { enabled: "good", disabled: "warn", deleted: "bad" } as const;

function Account({ of: a }: { of: Turn }) {
  return (
    <>
      <span>
        {a.account?.id ? <Named of={a.account} withSystem={false} /> : a.login || "A new account"} <span className="quiet within-text">in {a.system.name}{a.because && !plain.includes(a.because) && `, ${a.because}`}</span>
      </span>
      <span className={css.turn}>
        {a.delete_at && <span className="quiet">deleted <Time at={a.delete_at} /></span>}
        <Mark tone={tones[a.is]}>{a.was === a.is ? "Changed" : !a.was && a.is === "enabled" && !a.account?.id ? "Made" : said(a.is)}</Mark>
      </span>
    </>
  );
}
