import { Alert, Button, Group, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { PersonField, type Person } from "../access/PersonField";
import { said } from "../access/words";
import css from "./lifecycle.module.css";
import { Outcome } from "./Outcome";
import { daysFrom, orderNames, ordersFor, zones, type OrderKind } from "./words";

interface OrderProps {
  person?: Person;
  state?: string; // of whom is given
  onClose: () => void;
}

// useForetold is what an order would bring somebody. Nothing is kept.
export function useForetold(identity: string | undefined, kind: OrderKind | null, urgent = false) {
  return useQuery({
    queryKey: ["lifecycle", "effect", identity, kind, urgent], enabled: identity !== undefined && kind !== null, retry: false, staleTime: 0,
    queryFn: () => ask(api.POST("/v1/lifecycle/events/effect", { body: { identity: identity!, kind: kind!, urgent } })),
  });
}

// Order orders that something happens in somebody's life. What they would gain and lose is
// shown before it is kept.
export function Order({ person: given, state, onClose }: OrderProps) {
  const go = useNavigate();
  const queries = useQueryClient();
  const [known] = useState(zones);
  const [person, setPerson] = useState<Person | null>(given ?? null);
  const kinds = state ? ordersFor(state) : (Object.keys(orderNames) as OrderKind[]);
  const [kind, setKind] = useState<OrderKind | null>(state ? kinds[0]! : null);
  const [local, setLocal] = useState(() => `${daysFrom(new Date(), 1)}T18:00`);
  const [zone, setZone] = useState<string | null>(known.own);
  const [reason, setReason] = useState("");
  const foretold = useForetold(person?.id, kind);
  const order = useMutation({
    mutationFn: () => ask(api.POST("/v1/lifecycle/events", { body: { identity: person!.id, kind: kind!, local, zone: zone!, reason: reason.trim() } })),
    onSuccess: async ({ id }) => {
      await Promise.all([queries.invalidateQueries({ queryKey: ["lifecycle"] }), queries.invalidateQueries({ queryKey: ["identity", person!.id] })]);
      onClose();
      await go({ to: "/lifecycle/$id", params: { id } });
    },
  });
  const ready = person !== null && kind !== null && local !== "" && zone !== null && reason.trim() !== "" && foretold.data !== undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) order.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={given ? `Order an event for ${given.name}` : "Order an event"} size="lg">
      <form className={css.form} onSubmit={submit}>
        {!given && <PersonField label="Whom does it happen to?" value={person} onChange={setPerson} anybody description="Somebody else than you: nobody orders what happens in their own life." />}
        <Select label="What happens?" required data={kinds.map((k) => ({ value: k, label: orderNames[k] }))} value={kind} allowDeselect={false} onChange={(k) => setKind(k as OrderKind | null)} />
        <div className={css.pair}>
          <TextInput type="datetime-local" label="When?" required value={local} onChange={(e) => setLocal(e.currentTarget.value.slice(0, 16))} description="A time that has passed counts at once" />
          <Select label="By the clocks of" required searchable data={known.all} value={zone} onChange={setZone} limit={60} description="A zone such as Europe/Zurich" nothingFoundMessage="No zone is called so" />
        </div>
        {person && kind && (
          <section className={css.preview} aria-label="What it would bring">
            <h3>What it would bring, by what is known now</h3>
            <Answer to={foretold} lines={3}>
              {(o) => (
                <>
                  <p>{o.from === o.to ? `They are ${said(o.from).toLowerCase()} already: the order counts for nothing as long as sources agree.` : `${person.name} would go from ${said(o.from).toLowerCase()} to ${said(o.to).toLowerCase()}.`}</p>
                  {o.from !== o.to && <Outcome of={o} />}
                </>
              )}
            </Answer>
          </section>
        )}
        <Textarea label="Why?" required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        {order.error && <Alert color="red" variant="light" role="alert">{asProblem(order.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" loading={order.isPending} disabled={!ready}>Order it</Button>
        </Group>
      </form>
    </Modal>
  );
}
