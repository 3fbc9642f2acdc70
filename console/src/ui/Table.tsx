import { ActionIcon, Button, Checkbox, Menu, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronLeft, IconChevronRight, IconColumns3, IconSelector } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Bones } from "./Bones";
import { count } from "./Figures";
import css from "./table.module.css";
import type { List } from "./useList";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  sort?: string; // what the server calls it
  numeric?: boolean;
  tight?: boolean;
  optional?: boolean; // hidden until somebody asks for it
}

interface TableProps<T> {
  name: string;
  columns: Column<T>[];
  rows?: T[];
  rowKey: (row: T) => string;
  list: List;
  next?: string;
  total?: number;
  stale?: boolean; // what is shown is of the question before
  failure?: ReactNode;
  empty: ReactNode;
  tools?: ReactNode;
  exporter?: ReactNode;
  chosen?: string;
}

// Table shows what the server has sorted, filtered and cut into pages.
export function Table<T>(props: TableProps<T>) {
  const { name, columns, rows, list, failure, empty, tools, exporter } = props;
  const shown = columns.filter((c) => isShown(c, list));
  return (
    <div className={css.frame}>
      {(tools || exporter || hasMenu(columns)) && (
        <div className={css.tools}>
          {tools}
          <div className={css.toolsEnd}>
            {exporter}
            <ColumnMenu columns={columns} list={list} />
          </div>
        </div>
      )}
      {failure ?? (rows === undefined ? <div style={{ padding: "0.5rem 0.95rem 1rem" }}><Bones lines={8} height={18} /></div>
        : rows.length === 0 ? empty
          : (
            // A region that scrolls sideways can be reached and scrolled by keyboard.
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
            <div className={`${css.scroll} ${props.stale ? css.stale : ""}`} role="region" aria-label={name} tabIndex={0}>
              <table className={css.table} aria-label={name} role="table">
                <thead>
                  <tr>{shown.map((c) => <Head key={c.id} column={c} list={list} />)}</tr>
                </thead>
                <tbody role="rowgroup">
                  {rows.map((row) => (
                    <tr key={props.rowKey(row)} role="row" data-chosen={props.chosen === props.rowKey(row) || undefined}>
                      {shown.map((c) => (
                        <td key={c.id} role="cell" data-label={c.header} className={`${c.numeric ? css.numeric : ""} ${c.tight ? css.tight : ""}`}>
                          {c.cell(row)}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ))}
      {rows && rows.length > 0 && !failure && <Foot {...props} rows={rows} />}
    </div>
  );
}

function isShown<T>(c: Column<T>, list: List): boolean {
  const chosen = list.text("columns")?.split(".");
  return chosen ? chosen.includes(c.id) : !c.optional;
}

function Head<T>({ column, list }: { column: Column<T>; list: List }) {
  const { sort } = column;
  const name = column.numeric ? css.numeric : column.tight ? css.tight : undefined;
  if (!sort) return <th scope="col" className={name}>{column.header}</th>;
  const up = list.sort === sort;
  const down = list.sort === `-${sort}`;
  const Icon = up ? IconArrowUp : down ? IconArrowDown : IconSelector;
  return (
    <th scope="col" className={name} aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button type="button" className={`${css.sort} ${up || down ? css.sorted : ""}`} onClick={() => list.onSort(up ? `-${sort}` : down ? undefined : sort)}>
        {column.header}
        <Icon size={13} aria-hidden />
      </button>
    </th>
  );
}

// hasMenu: where columns are few, there is none to leave out.
function hasMenu<T>(columns: Column<T>[]): boolean {
  return columns.length >= 4;
}

function ColumnMenu<T>({ columns, list }: { columns: Column<T>[]; list: List }) {
  if (!hasMenu(columns)) return null;
  const shown = columns.filter((c) => isShown(c, list)).map((c) => c.id);
  return (
    <Menu closeOnItemClick={false} position="bottom-end" shadow="md">
      <Menu.Target>
        <Tooltip label="Choose columns">
          <ActionIcon variant="default" size="md" aria-label="Choose columns"><IconColumns3 size={16} /></ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.slice(1).map((c) => {
          const on = shown.includes(c.id);
          const left = on ? shown.filter((id) => id !== c.id) : columns.map((each) => each.id).filter((id) => id === c.id || shown.includes(id));
          return (
            <Menu.Item key={c.id} role="menuitemcheckbox" aria-checked={on} onClick={() => list.set({ columns: left.join(".") })}
              leftSection={<Checkbox.Indicator checked={on} size="xs" aria-hidden />}>
              {c.header}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function Foot<T>({ rows, list, next, total }: TableProps<T> & { rows: T[] }) {
  const what = total === undefined
    ? `${count(rows.length)} shown${list.page > 1 ? `, page ${count(list.page)}` : ""}`
    : list.page === 1 && !next ? `${count(total)} in all` : `${count(rows.length)} of ${count(total)} shown, page ${count(list.page)}`;
  return (
    <div className={css.foot}>
      <span aria-live="polite">{what}</span>
      {(list.page > 1 || next) && (
        <span className={css.footEnd}>
          <Button variant="default" size="xs" disabled={list.page <= 1} onClick={list.previous} leftSection={<IconChevronLeft size={14} />}>Previous</Button>
          <Button variant="default" size="xs" disabled={!next} onClick={() => next && list.next(next)} rightSection={<IconChevronRight size={14} />}>Next</Button>
        </span>
      )}
    </div>
  );
}

export const tableClass = { main: css.main, sub: css.sub };
