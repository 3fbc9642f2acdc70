import { IconFingerprint } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Mode, Tier } from "../access/marks";
import { FindingQueue, Part, Queue, useFindings } from "./queues";

// Own is what anybody has and owes for themself: all of the home of whoever holds no
// function.
export function Own({ id, name }: { id: string; name?: string }) {
  const card = useQuery({ queryKey: ["identity", id], queryFn: () => ask(api.GET("/v1/identities/{id}", { params: { path: { id } } })) });
  const held = useQuery({ queryKey: ["access", id, { limit: 6 }], queryFn: () => ask(api.GET("/v1/identities/{id}/access", { params: { path: { id }, query: { limit: 6 } } })) });
  const passkeys = useQuery({ queryKey: ["passkeys"], queryFn: () => ask(api.GET("/v1/passkeys")) });
  const owed = useFindings({ owner: id });
  const privileged = card.data && (card.data.tiers ?? []).filter((t) => t.tier <= 1).reduce((n, t) => n + t.standing, 0);
  const keys = passkeys.data && (passkeys.data.items ?? []).filter((p) => !p.locked).length;
  return (
    <Part name={name}>
      <Figures items={[
        { value: count(owed.data?.total ?? undefined), label: "findings are yours to close", tone: (owed.data?.total ?? 0) > 0 ? "warn" : "good", to: "/findings", search: { owner: id } },
        { value: count(privileged), label: "privileged, held all the time", note: "tiers 0 and 1", tone: privileged ? "warn" : undefined, to: "/me" },
        { value: count(held.data?.total), label: "entitlements in all", to: "/me" },
        { value: count(keys), label: keys === 1 ? "passkey lets you in" : "passkeys let you in", note: keys === 0 ? "make one, to sign in without a link" : undefined, tone: keys === 0 ? "warn" : undefined, to: "/settings" },
      ]}
      />
      <div className={ui.grid}>
        <div className={ui.column}>
          <FindingQueue title="What you owe" query={{ owner: id }} none="You owe nothing." />
          <Queue
            title="How you sign in" to={passkeys} all={{ to: "/settings", label: "settings" }} none="You have no passkey: make one in settings."
            rows={(d) => (d.items ?? []).map((p) => ({
              key: p.id, to: "/settings", start: <IconFingerprint size={18} stroke={1.6} aria-hidden />, title: <>{p.name} {p.locked && <Mark tone="bad">Locked</Mark>}</>,
              note: <>added <Time at={p.added} /></>, end: <span className="quiet">{p.used ? <>used <Time at={p.used} /></> : "not used yet"}</span>,
            }))}
          />
        </div>
        <Queue
          title="What you hold, the most powerful first" to={held} all={{ to: "/me", label: `all ${count(held.data?.total)}` }} none="You hold nothing."
          rows={(d) => (d.items ?? []).map((l) => ({
            key: `${l.entitlement.id}${l.resource?.id ?? ""}`, to: "/me", search: l.entitlement.id ? { why: l.entitlement.id } : undefined, start: <Tier of={l.tier} />,
            title: l.entitlement.hidden ? "hidden" : l.entitlement.name, note: l.entitlement.system && `in ${l.entitlement.system}`, end: (l.modes ?? []).map((m) => <Mode key={m} of={m} />),
          }))}
        />
      </div>
    </Part>
  );
}
