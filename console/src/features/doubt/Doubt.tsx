import { Alert } from "@mantine/core";
import { IconGavel } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { MayButton } from "../access/MayButton";
import { Reasoned } from "../provision/Reasoned";
import { Beside } from "./Beside";
import css from "./doubt.module.css";
import type { Item } from "./Doubts";

type Person = NonNullable<Item["decided"]>;

interface DoubtProps {
  of: Item;
  onDecided: (words: string) => void;
}

// Doubt is one row: whose number it was beside what it says, and the decision, or what to do
// where there is none to take.
export function Doubt({ of: d, onDecided }: DoubtProps) {
  const may = d.may["identity.match"];
  const [deciding, setDeciding] = useState<Person>();
  const left = d.left?.name ?? "somebody";
  return (
    <Panel
      title={d.kind === "rehire" ? `Is ${d.name} the ${left} who has left?` : `${d.name} has a number that is another’s, too`}
      note={<>{d.source_name}, {d.where}, <span style={{ whiteSpace: "nowrap" }}>in doubt since <Time at={d.since} /></span></>}
    >
      <div className={css.doubt}>
        <Beside of={d} />
        {d.kind === "number" && <Mend of={d} />}
        {d.decided && (
          <Alert color="teal" variant="light" icon={<IconGavel size={18} />} title={d.decided === "same" ? `Decided: it is ${left}` : "Decided: it is another person"}>
            “{d.reason}”. It counts from the next sync of {d.source_name} on.
          </Alert>
        )}
        {d.kind === "rehire" && (
          <div className={css.buttons}>
            {d.decided !== "same" && <MayButton may={may} variant={d.decided ? "default" : "filled"} onClick={() => setDeciding("same")}>The same person</MayButton>}
            {d.decided !== "another" && <MayButton may={may} variant={d.decided ? "default" : "filled"} onClick={() => setDeciding("another")}>Another person</MayButton>}
            {!d.decided && <span className="quiet">Until then nobody has anything by it.</span>}
          </div>
        )}
      </div>
      {deciding && <Decide of={d} as={deciding} onDecided={onDecided} onClose={() => setDeciding(undefined)} />}
    </Panel>
  );
}

// Mend says what is to be done about two people with one number.
function Mend({ of: d }: { of: Item }) {
  return (
    <Alert color="gray" variant="light" title="Nobody decides this here">
      {d.left ? <>Number {d.number} is {d.left.name}’s, whose row counts.</> : <>Number {d.number || d.row} stands in several rows of {d.source_name}, and none of them counts.</>}{" "}
      Have whoever keeps {d.source_name} give each person a number of their own: the next sync then takes them in.
    </Alert>
  );
}

function Decide({ of: d, as, onDecided, onClose }: { of: Item; as: Person; onDecided: (words: string) => void; onClose: () => void }) {
  const queries = useQueryClient();
  const left = d.left?.name ?? "who has left";
  const same = as === "same";
  return (
    <Reasoned
      title={same ? `${d.name} is ${left}` : `${d.name} is another person`} action={same ? "It is the same person" : "It is another person"} question="How do you know?" onClose={onClose}
      act={async (reason) => {
        await ask(api.POST("/v1/doubts/decide", { body: { source: d.source, row: d.row, name: d.name, person: as, reason } }));
        await queries.invalidateQueries({ queryKey: ["doubts"] });
        onDecided(`${d.name} is ${same ? left : "another person"}, as you decided. The next sync of ${d.source_name} goes by it.`);
      }}
    >
      {same
        ? <p>From the next sync of {d.source_name} on the row is {left}’s: they are back, with their history and accounts, and have what rules give them.</p>
        : <p>From the next sync of {d.source_name} on {d.name} is somebody new, and has what rules give them. {left} stays who has left: nothing of theirs goes to {d.name}.</p>}
      <p>It holds for this number under the name {d.name}, and can be decided otherwise until that sync.</p>
    </Reasoned>
  );
}
