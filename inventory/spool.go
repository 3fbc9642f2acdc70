package inventory

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/writhq/writ/connector"
)

// A spool file is a sequence of frames: the length of its payload, the payload's
// CRC-32C, then the payload, a gob of records with the cursor that may be resumed
// at behind them. The last frame of a complete spool says so.
const (
	spoolRecords  = 2000     // records in a frame
	spoolFrameMax = 64 << 20 // a frame of larger claim is damage
	spoolFresh    = 15 * time.Minute
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type spoolFrame struct {
	About   string // what the spool is of; first frame only
	Records []connector.Record
	Cursor  string
	Done    bool
}

// spool is what a sync collects into before it touches the database.
type spool struct {
	f       *os.File
	w       *bufio.Writer
	pending []connector.Record
	buf     bytes.Buffer
	cursor  string // where collecting may resume
	done    bool
}

// openSpool opens the spool at path for what about names, keeps what an earlier,
// interrupted sync collected up to its last checkpoint, and starts over when the
// file is of something else, damaged at its start, or too old.
func openSpool(path, about string, now time.Time) (*spool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the spool: %w", err)
	}
	s := &spool{f: f, w: bufio.NewWriterSize(f, 1<<20)}
	keep, err := s.recover(about, now)
	if err == nil {
		err = f.Truncate(keep)
	}
	if err == nil {
		_, err = f.Seek(keep, io.SeekStart)
	}
	if err == nil && keep == 0 {
		err = s.frame(spoolFrame{About: about})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the spool: %w", err), f.Close())
	}
	return s, nil
}

// recover finds the end of the last frame that can be resumed behind.
func (s *spool) recover(about string, now time.Time) (keep int64, err error) {
	info, err := s.f.Stat()
	if err != nil || now.Sub(info.ModTime()) > spoolFresh {
		return 0, err
	}
	r := &frameReader{r: bufio.NewReaderSize(s.f, 1<<20)}
	first, err := r.next()
	if err != nil || first.About != about {
		return 0, nil // nothing of use: collect from the start
	}
	keep = r.at
	for {
		fr, err := r.next()
		if err != nil {
			return keep, nil // the torn end of an interrupted write
		}
		if fr.Cursor != "" || fr.Done {
			keep, s.cursor, s.done = r.at, fr.Cursor, fr.Done
		}
	}
}

// add appends one record, or remembers the checkpoint that it is.
func (s *spool) add(r connector.Record) error {
	if r.Checkpoint != "" {
		return s.checkpoint(r.Checkpoint)
	}
	s.pending = append(s.pending, r)
	if len(s.pending) < spoolRecords {
		return nil
	}
	return s.flush("", false)
}

func (s *spool) checkpoint(cursor string) error {
	if err := s.flush(cursor, false); err != nil {
		return err
	}
	if err := s.w.Flush(); err != nil {
		return err
	}
	return s.f.Sync()
}

// finish marks the spool as complete.
func (s *spool) finish() error {
	if err := s.flush("", true); err != nil {
		return err
	}
	s.done = true
	if err := s.w.Flush(); err != nil {
		return err
	}
	return s.f.Sync()
}

func (s *spool) flush(cursor string, done bool) error {
	err := s.frame(spoolFrame{Records: s.pending, Cursor: cursor, Done: done})
	s.pending = s.pending[:0]
	return err
}

func (s *spool) frame(fr spoolFrame) error {
	s.buf.Reset()
	if err := gob.NewEncoder(&s.buf).Encode(fr); err != nil {
		return err
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:4], uint32(s.buf.Len())) //nolint:gosec // frames are capped by spoolRecords and field caps
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(s.buf.Bytes(), castagnoli))
	if _, err := s.w.Write(head[:]); err != nil {
		return err
	}
	_, err := s.w.Write(s.buf.Bytes())
	return err
}

// each calls fn for every record that was collected.
func (s *spool) each(fn func(*connector.Record) error) error {
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := &frameReader{r: bufio.NewReaderSize(s.f, 1<<20)}
	for {
		fr, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the spool back: %w", err)
		}
		for i := range fr.Records {
			if err := fn(&fr.Records[i]); err != nil {
				return err
			}
		}
	}
}

func (s *spool) close() error { return s.f.Close() }

// remove ends the spool: what it holds is in the store.
func (s *spool) remove() error { return errors.Join(s.f.Close(), os.Remove(s.f.Name())) }

type frameReader struct {
	r  io.Reader
	at int64
}

var errFrame = errors.New("a damaged frame")

func (r *frameReader) next() (spoolFrame, error) {
	var fr spoolFrame
	var head [8]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return fr, err
	}
	n := binary.LittleEndian.Uint32(head[:4])
	if n > spoolFrameMax {
		return fr, errFrame
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r.r, payload); err != nil {
		return fr, errFrame
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return fr, errFrame
	}
	r.at += int64(len(head)) + int64(n)
	return fr, gob.NewDecoder(bytes.NewReader(payload)).Decode(&fr)
}
