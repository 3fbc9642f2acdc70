package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// nodeCollector asks the node for its figures when somebody reads the metrics.
type nodeCollector struct {
	figures func(context.Context) (Figures, error)
	rows    []nodeRow
}

type nodeRow struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(Figures) float64
	with []string // label values
}

func newNodeCollector(figures func(context.Context) (Figures, error)) *nodeCollector {
	c := &nodeCollector{figures: figures}
	effect := prometheus.NewDesc("writ_decisions_total", "Decisions since the start, by effect.", []string{"effect"}, nil)
	c.rows = []nodeRow{
		{effect, prometheus.CounterValue, func(f Figures) float64 { return float64(f.Permits) }, []string{"permit"}},
		{effect, prometheus.CounterValue, func(f Figures) float64 { return float64(f.Forbids) }, []string{"forbid"}},
	}
	gauge := func(name, help string, of func(Figures) float64) {
		c.rows = append(c.rows, nodeRow{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, of, nil})
	}
	gauge("writ_graph_revision", "The revision that answers are given at.", func(f Figures) float64 { return float64(f.GraphRevision) })
	gauge("writ_graph_lag_revisions", "How many revisions the graph is behind the store.", func(f Figures) float64 { return float64(f.StoreRevision - f.GraphRevision) })
	gauge("writ_sequencer_waiting", "Change sets that were committed and have no revision yet.", func(f Figures) float64 { return float64(f.Waiting) })
	gauge("writ_sequencer_lag_seconds", "How long the oldest of them has waited.", func(f Figures) float64 { return f.WaitingSeconds })
	gauge("writ_store_bytes", "How large the database is.", func(f Figures) float64 { return float64(f.StoreBytes) })
	gauge("writ_audit_records", "How many records the audit log has.", func(f Figures) float64 { return float64(f.AuditRecords) })
	gauge("writ_mail_waiting", "Mails that wait to be sent, for the first time or again.", func(f Figures) float64 { return float64(f.MailWaiting) })
	gauge("writ_mail_dead", "Mails that were given up and wait for a person.", func(f Figures) float64 { return float64(f.MailDead) })
	gauge("writ_ready", "1 where the node can serve, else 0.", func(f Figures) float64 {
		if f.Ready {
			return 1
		}
		return 0
	})
	return c
}

// Describe names what is collected.
func (c *nodeCollector) Describe(to chan<- *prometheus.Desc) {
	for _, r := range c.rows {
		to <- r.desc
	}
}

// figuresTimeout ends a scrape that the store does not answer.
const figuresTimeout = 2 * time.Second

// Collect asks. Where the store does not answer, its figures are missing, which is
// what a scraper can alert on.
func (c *nodeCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), figuresTimeout)
	defer cancel()
	f, err := c.figures(ctx)
	if err != nil {
		slog.WarnContext(ctx, "no figures of the node", "error", err)
		return
	}
	for _, r := range c.rows {
		to <- prometheus.MustNewConstMetric(r.desc, r.kind, r.of(f), r.with...)
	}
}
