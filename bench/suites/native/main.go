// Go's libraries at the work of the bench, for bench/suites/native/contenders.ts.
//
// Run as `main LIBRARY WORK SIZE`: writes a line when it is ready, then answers each line of stdin, a number of
// milliseconds, with the nanoseconds of the batches that it ran for so long.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// As in bench/suites/recording/contenders.ts.
const turns = 100

var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

type batch struct {
	calls int
	run   func()
}

type counting struct{ bytes int }

func (c *counting) Write(part []byte) (int, error) {
	c.bytes += len(part)
	return len(part), nil
}

var written counting

func main() {
	library, work := os.Args[1], os.Args[2]
	size, err := strconv.Atoi(os.Args[3])
	check(err)
	made, ok := works[library][work]
	if !ok {
		check(fmt.Errorf("%s has no %s", library, work))
	}
	b := made(size)
	out := json.NewEncoder(os.Stdout)
	check(out.Encode(map[string]any{"calls": b.calls, "go": runtime.Version()}))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		milliseconds, err := strconv.ParseFloat(in.Text(), 64)
		check(err)
		end := time.Now().Add(time.Duration(milliseconds * 1e6))
		var times []int64
		for {
			written.bytes = 0
			start := time.Now()
			b.run()
			times = append(times, time.Since(start).Nanoseconds())
			if !time.Now().Before(end) {
				break
			}
		}
		check(out.Encode(map[string]any{"times": times, "bytes": written.bytes}))
	}
}

var works = map[string]map[string]func(int) batch{
	"client_golang": {
		"counter": func(size int) batch {
			counter := counterVec("c_total", "service")
			children := make([]prometheus.Counter, size)
			for at := range children {
				children[at] = counter.WithLabelValues(service(at))
			}
			return over(size, func(at int) { children[at].Inc() })
		},
		"counter in two threads": func(size int) batch {
			counter := counterVec("c_total", "service")
			return inTwo(size, func(at int) prometheus.Counter { return counter.WithLabelValues(service(at)) })
		},
		"look-up": func(size int) batch {
			counter := counterVec("c_total", "service")
			names := services(size)
			return over(size, func(at int) { counter.WithLabelValues(names[at]).Inc() })
		},
		"histogram": func(size int) batch {
			return observing(size, prometheus.HistogramOpts{Name: "h", Help: "H.", Buckets: buckets})
		},
		"native histogram": func(size int) batch {
			return observing(size, prometheus.HistogramOpts{
				Name: "h", Help: "H.", NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
			})
		},
		"encoding": func(size int) batch {
			registry := prometheus.NewRegistry()
			counter := counterVec("messages_delivered_total", "queue")
			check(registry.Register(counter))
			for at := 0; at < size; at++ {
				counter.WithLabelValues(queue(at)).Add(float64(at * 7919 % 100_000))
			}
			return batch{size, func() {
				families, err := registry.Gather()
				check(err)
				encoder := expfmt.NewEncoder(&written, expfmt.FmtText)
				for _, family := range families {
					check(encoder.Encode(family))
				}
			}}
		},
	},
	"VictoriaMetrics/metrics": {
		"counter": func(size int) batch {
			set := metrics.NewSet()
			children := make([]*metrics.Counter, size)
			for at := range children {
				children[at] = set.NewCounter(`c_total{service="` + service(at) + `"}`)
			}
			return over(size, func(at int) { children[at].Inc() })
		},
		"counter in two threads": func(size int) batch {
			set := metrics.NewSet()
			return inTwo(size, func(at int) *metrics.Counter {
				return set.GetOrCreateCounter(`c_total{service="` + service(at) + `"}`)
			})
		},
		"look-up": func(size int) batch {
			set := metrics.NewSet()
			names := services(size)
			return over(size, func(at int) { set.GetOrCreateCounter(`c_total{service="` + names[at] + `"}`).Inc() })
		},
		"native histogram": func(size int) batch {
			set := metrics.NewSet()
			children := make([]*metrics.Histogram, size)
			for at := range children {
				children[at] = set.NewHistogram(`h{service="` + service(at) + `"}`)
			}
			values, next := randomValues(), 0
			return over(size, func(at int) {
				children[at].Update(values[next&(len(values)-1)])
				next++
			})
		},
		"encoding": func(size int) batch {
			set := metrics.NewSet()
			for at := 0; at < size; at++ {
				set.NewCounter(`messages_delivered_total{queue="` + queue(at) + `"}`).Set(uint64(at * 7919 % 100_000))
			}
			return batch{size, func() { set.WritePrometheus(io.Writer(&written)) }}
		},
	},
}

func over(size int, call func(at int)) batch {
	return batch{size * turns, func() {
		for turn := 0; turn < turns; turn++ {
			for at := 0; at < size; at++ {
				call(at)
			}
		}
	}}
}

// On the same series, as in bench/threads-contenders.ts: from the moment that both begin until the last has ended.
func inTwo[C interface{ Inc() }](size int, child func(at int) C) batch {
	const longer = 20 * turns
	var children [2][]C
	for thread := range children {
		for at := 0; at < size; at++ {
			children[thread] = append(children[thread], child(at))
		}
	}
	return batch{2 * size * longer, func() {
		var both sync.WaitGroup
		both.Add(2)
		for _, own := range children {
			go func(own []C) {
				for turn := 0; turn < longer; turn++ {
					for _, one := range own {
						one.Inc()
					}
				}
				both.Done()
			}(own)
		}
		both.Wait()
	}}
}

func observing(size int, options prometheus.HistogramOpts) batch {
	histogram := prometheus.NewHistogramVec(options, []string{"service"})
	children := make([]prometheus.Observer, size)
	for at := range children {
		children[at] = histogram.WithLabelValues(service(at))
	}
	values, next := randomValues(), 0
	return over(size, func(at int) {
		children[at].Observe(values[next&(len(values)-1)])
		next++
	})
}

func counterVec(name, label string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: "As in a mail server."}, []string{label})
}

func service(at int) string { return "service-" + strconv.Itoa(at) }

func services(size int) []string {
	names := make([]string, size)
	for at := range names {
		names[at] = service(at)
	}
	return names
}

// As in bench/work/expositions.ts.
func queue(at int) string {
	return fmt.Sprintf("campaign@tenant-%d.example:domain-%07d.example", at%100, at)
}

// As in bench/suites/recording/contenders.ts.
func randomValues() []float64 {
	values := make([]float64, 1<<14)
	state := uint32(42)
	for at := range values {
		state = state*1664525 + 1013904223
		values[at] = math.Pow(10, float64(state)/(1<<32)*4-3)
	}
	return values
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
