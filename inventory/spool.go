package inventory

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/writhq/writ/connector"
)

// A spool file is a sequence of frames: the length of the payload, its CRC-32C,
// then the payload: the cursor that may be resumed at behind the frame (often
// ""), then records. The first frame has what the spool is of in place of a cursor.
const (
	spoolFrame    = 256 << 10 // a frame is written once it is this long
	spoolFrameMax = 16 << 20  // one that claims to be longer is damage
	spoolFresh    = 15 * time.Minute
	spoolFormat   = "2 " // stands before what the spool is of
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errFrame = errors.New("a damaged frame")

// spool is what a sync collects into before it touches the database. Its file is
// locked: two syncs of one thing at once would write into each other's.
type spool struct {
	f       *os.File
	w       *bufio.Writer
	about   string
	pending []byte // records of the next frame
	cursor  string // where collecting may resume
	mark    connector.Mark
	poured  int64 // records of this run
}

// openSpool opens the spool at path for what about names, keeps what an earlier,
// interrupted sync collected up to its last checkpoint, and starts over when the
// file is of something else, damaged at its start, or too old.
func openSpool(path, about string, now time.Time) (*spool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the spool: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(ErrBusy.Because(err), f.Close())
	}
	s := &spool{f: f, w: bufio.NewWriterSize(f, spoolFrame), about: spoolFormat + about}
	keep, err := s.recover(now)
	if err == nil && keep == 0 {
		err = s.reset()
	} else if err == nil {
		err = s.cutAt(keep)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the spool: %w", err), f.Close())
	}
	return s, nil
}

func (s *spool) cutAt(size int64) error {
	if err := s.f.Truncate(size); err != nil {
		return err
	}
	_, err := s.f.Seek(size, io.SeekStart)
	return err
}

// reset forgets everything that was collected.
func (s *spool) reset() error {
	s.pending, s.cursor = s.pending[:0], ""
	s.w.Reset(s.f)
	if err := s.cutAt(0); err != nil {
		return err
	}
	return s.flush(s.about)
}

// recover finds the end of the last frame that can be resumed behind.
func (s *spool) recover(now time.Time) (keep int64, err error) {
	info, err := s.f.Stat()
	if err != nil || now.Sub(info.ModTime()) > spoolFresh {
		return 0, err
	}
	r := &frameReader{r: bufio.NewReaderSize(s.f, spoolFrame)}
	if about, _, err := r.next(); err != nil || about != s.about {
		return 0, nil // nothing of use: collect from the start
	}
	for {
		cursor, _, err := r.next()
		if err != nil {
			return keep, nil // the end, or that of an interrupted write
		}
		if cursor != "" {
			keep, s.cursor = r.at, cursor
		}
	}
}

// add appends one record, or remembers the checkpoint that it is.
func (s *spool) add(r *connector.Record) (err error) {
	if r.Checkpoint != "" {
		return s.checkpoint(r.Checkpoint)
	}
	if s.pending, err = appendRecord(s.pending, r); err != nil {
		return err
	}
	if len(s.pending) < spoolFrame {
		return nil
	}
	return s.flush("")
}

func (s *spool) checkpoint(cursor string) error {
	if err := s.flush(cursor); err != nil {
		return err
	}
	s.cursor = cursor
	return s.sync()
}

// finish writes what is left.
func (s *spool) finish() error {
	if err := s.flush(""); err != nil {
		return err
	}
	return s.sync()
}

func (s *spool) sync() error {
	if err := s.w.Flush(); err != nil {
		return err
	}
	return s.f.Sync()
}

// flush writes the pending records as a frame.
func (s *spool) flush(cursor string) error {
	start := appendTexts(nil, cursor)
	n := len(start) + len(s.pending)
	if n > spoolFrameMax {
		return fmt.Errorf("a record of %d bytes is too large", n)
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:4], uint32(n)) //nolint:gosec // below spoolFrameMax
	binary.LittleEndian.PutUint32(head[4:], crc32.Update(crc32.Checksum(start, castagnoli), castagnoli, s.pending))
	for _, part := range [][]byte{head[:], start, s.pending} {
		if _, err := s.w.Write(part); err != nil {
			return err
		}
	}
	s.pending = s.pending[:0]
	return nil
}

// each calls fn for every record that was collected; fn does not keep it.
func (s *spool) each(fn func(*connector.Record) error) error {
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	frames := &frameReader{r: bufio.NewReaderSize(s.f, spoolFrame)}
	var r recordReader // one: as a variable of the loop it would be copied with each record
	for {
		_, records, err := frames.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the spool back: %w", err)
		}
		for r.rest = records; ; {
			rec, err := r.next()
			if err != nil {
				return fmt.Errorf("reading the spool back: %w", err)
			}
			if rec == nil {
				break
			}
			if err := fn(rec); err != nil {
				return err
			}
		}
	}
}

// close gives the lock back outright: a child process that is being started has
// the file open for a moment, and closing alone would leave the lock with it.
func (s *spool) close() error {
	return errors.Join(syscall.Flock(int(s.f.Fd()), syscall.LOCK_UN), s.f.Close())
}

// remove ends the spool: what it holds is in the store.
func (s *spool) remove() error { return errors.Join(os.Remove(s.f.Name()), s.close()) }

type frameReader struct {
	r       io.Reader
	at      int64
	payload []byte
}

// next returns the next frame; io.EOF is a clean end.
func (r *frameReader) next() (cursor, records string, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errFrame
		}
		return "", "", err
	}
	n := int(binary.LittleEndian.Uint32(head[:4]))
	if n > spoolFrameMax {
		return "", "", errFrame
	}
	if cap(r.payload) < n {
		r.payload = make([]byte, max(n, spoolFrame+spoolFrame/8))
	}
	payload := r.payload[:n]
	if _, err := io.ReadFull(r.r, payload); err != nil {
		return "", "", errFrame
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return "", "", errFrame
	}
	r.at += int64(len(head)) + int64(n)
	in := recordReader{rest: string(payload)}
	cursor = in.text()
	if in.bad {
		return "", "", errFrame
	}
	return cursor, in.rest, nil
}
