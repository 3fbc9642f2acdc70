import { Alert } from "@mantine/core";
import { IconUrgent } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { MayButton, type Verdict } from "../access/MayButton";
import { actorName } from "../access/words";
import { useMe } from "../signin/me";
import { Emergency } from "./Emergency";
import { since } from "./Event";
import { EventTable } from "./EventTable";
import css from "./lifecycle.module.css";
import { useLife } from "./Lifecycle";
import { Order } from "./Order";
import { Progress } from "./Progress";

interface Whose {
  id: string;
  name: string;
  state: string;
}

// useSeesLife is whether somebody’s life is to be told to whoever has signed in.
export function useSeesLife(): boolean {
  return (useMe().data?.may ?? []).includes("lifecycle.read");
}

const own: Verdict = { allowed: false, why: "nobody orders what happens in their own life: somebody else does" };

// LifeActions order what happens to somebody. The emergency stands apart, and is loud.
export function LifeActions({ of: who }: { of: Whose }) {
  const [doing, setDoing] = useState<"order" | "emergency">();
  const me = useMe();
  const life = useLife({ identity: who.id, limit: 10 }, useSeesLife());
  if (!life.data) return null;
  const may = (action: string) => (me.data?.identity === who.id ? own : life.data.may[action]);
  const emergency = who.state === "terminated" ? { allowed: false, why: "they have left: there is nothing to cut" } : may("lifecycle.emergency");
  const close = () => setDoing(undefined);
  return (
    <>
      <MayButton may={may("lifecycle.order")} variant="default" onClick={() => setDoing("order")}>Order an event</MayButton>
      <MayButton may={emergency} color="red.9" leftSection={<IconUrgent size={16} />} onClick={() => setDoing("emergency")}>Cut off now</MayButton>
      {doing === "order" && <Order person={who} state={who.state} onClose={close} />}
      {doing === "emergency" && <Emergency person={who} onClose={close} />}
    </>
  );
}

// CutOff is how far an emergency is that counts: what has gone, and what is under way.
export function CutOff({ of: who }: { of: Whose }) {
  const life = useLife({ identity: who.id, limit: 10 }, useSeesLife());
  const e = (life.data?.items ?? []).find((x) => x.urgent && x.in_force);
  if (!e || !life.data) return null;
  const by = e.by ?? "";
  const name = life.data.names[by];
  return (
    <>
      <Alert color="red" variant="light" icon={<IconUrgent size={18} />} title={`${who.name} was cut off`}>
        <span className="within-text"><Time at={e.at} /> by {actorName(by, name ? { name } : undefined)}: “{e.reason}”. Signing in to Writ has ended. <Link to="/lifecycle/$id" params={{ id: e.key }}>What was cut</Link></span>
      </Alert>
      <Progress title="How far it is in systems" identity={who.id} from={since(e)} cut />
    </>
  );
}

// LifeOf are all events of somebody's life.
export function LifeOf({ of: who }: { of: Whose }) {
  const list = useList();
  const found = useLife({ identity: who.id, cursor: list.cursor });
  return (
    <div className={css.column}>
      <EventTable
        name="Events of their life" list={list} page={found.data} person={false} stale={found.isPlaceholderData} failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank title="Nothing is known of their life" text="Nothing was ordered, and no source has said that anything changed." />}
      />
    </div>
  );
}
