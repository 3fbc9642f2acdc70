import { Radio } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { kindNames, said } from "../access/words";
import css from "./dispute.module.css";
import type { Item } from "./Disputes";

const says: Record<string, string> = { same: "= the same", similar: "~ similar", differs: "≠ different", unknown: "? one of the two says nothing" };

interface CompareProps {
  of: Item;
  chosen: string;
  onChoose: (id: string) => void;
}

// Compare puts an account beside those whose it may be, attribute by attribute.
export function Compare({ of, chosen, onChoose }: CompareProps) {
  const contenders = of.contenders ?? [];
  const attributes = contenders[0]?.compared?.map((c) => c.attribute) ?? [];
  const mark = (id: string) => (chosen === id ? css.chosen : undefined);
  const fact = (name: string, account: string | undefined, value: (c: (typeof contenders)[number]) => string | undefined) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td>{account || <span className="quiet">–</span>}</td>
      {contenders.map((c) => <td key={c.identity.id} className={mark(c.identity.id)}>{value(c) || <span className="quiet">–</span>}</td>)}
    </tr>
  );
  return (
    // A region that scrolls sideways can be reached and scrolled by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="region" aria-label="The account beside whose it may be" tabIndex={0}>
      <table className={css.compare}>
        <thead>
          <tr>
            <td />
            <th scope="col">The account</th>
            {contenders.map((c, i) => (
              <th key={c.identity.id} scope="col" className={mark(c.identity.id)}>
                <span className={css.choose}>
                  <Radio name="whose" value={c.identity.id} checked={chosen === c.identity.id} onChange={() => onChoose(c.identity.id)} aria-label={`It is ${c.identity.name}’s, number ${i + 1}`} />
                  <Link to="/identities/$id" params={{ id: c.identity.id }}>{c.identity.name}</Link>
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {attributes.map((attribute, row) => (
            <tr key={attribute}>
              <th scope="row">{said(attribute)}</th>
              <td>{contenders[0]?.compared?.[row]?.account || <span className="quiet">–</span>}</td>
              {contenders.map((c) => {
                const x = c.compared?.[row];
                return (
                  <td key={c.identity.id} className={mark(c.identity.id)}>
                    {x?.identity || <span className="quiet">–</span>}
                    {x && <span className={`${css.verdict} ${css[x.verdict] ?? ""}`}>{says[x.verdict]}{x.verdict === "similar" && ` (${x.likeness})`}</span>}
                  </td>
                );
              })}
            </tr>
          ))}
          {fact("Kind", kindNames[of.kind] ?? said(of.kind), (c) => kindNames[c.kind])}
          {fact("State", said(of.status), (c) => said(c.state))}
          {fact("Employer", undefined, (c) => c.employer)}
          {fact("Unit", undefined, (c) => c.unit)}
          {fact("Title", undefined, (c) => c.title)}
        </tbody>
      </table>
    </div>
  );
}
