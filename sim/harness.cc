// A recording through the RTL that CXXRTL compiled: source, sink and their pauses, called from Python through ctypes.
//
// The including command line names the design: -DDESIGN='"spike_encoder.cc"'.

#include DESIGN
#include "pauses.h"

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// Ports are values or, where a register drives them, wires; both hold their bits in chunks of 32.
template <size_t Bits> uint32_t *chunks(cxxrtl::value<Bits> &port) { return port.data; }
template <size_t Bits> uint32_t *chunks(cxxrtl::wire<Bits> &port) { return port.curr.data; }

} // namespace

extern "C" {

struct Job {
    const uint8_t *words;
    uint64_t word_count;
    uint32_t word_bytes;
    uint32_t alpha_q8, sharpness, seed, coder, epoch_steps, keyframe_interval;
    uint32_t pause_seed;
    double gaps, stalls;
};

struct Progress {
    uint64_t cycles, words, bytes, packets, stall_cycles;
    uint32_t refused_words;
    uint32_t feedback; // not 0 if a cycle needed more than one evaluation, which the harness does not do
};

}

class Simulation {
  public:
    explicit Simulation(const Job &job)
        : job(job), gaps(job.gaps, job.pause_seed), stalls(job.stalls, job.pause_seed ^ 0x9E3779B9u) {
        word_cycles.reserve(job.word_count);
        *chunks(top.p_cfg__alpha__q8) = job.alpha_q8;
        *chunks(top.p_cfg__sharpness) = job.sharpness;
        *chunks(top.p_cfg__seed) = job.seed;
        *chunks(top.p_cfg__coder) = job.coder;
        *chunks(top.p_cfg__epoch__steps) = job.epoch_steps;
        *chunks(top.p_cfg__keyframe__interval) = job.keyframe_interval;
        *chunks(top.p_rst) = 1;
        for (int cycle = 0; cycle < 4; ++cycle) {
            evaluate();
            commit();
        }
        *chunks(top.p_rst) = 0;
    }

    void run(uint64_t cycles) {
        for (uint64_t end = cycle + cycles; cycle < end; ++cycle) {
            drive();
            evaluate();
            sample();
            commit();
        }
    }

    Progress progress() {
        return {cycle, word_cycles.size(), stream.size(), packet_ends.size(), stall_cycles,
                *chunks(top.p_status__refused__words), feedback};
    }

    std::vector<uint8_t> stream;
    std::vector<uint64_t> packet_ends, word_cycles, byte_cycles;

  private:
    cxxrtl_design::p_spike__encoder top;
    const Job job;
    Pauses gaps, stalls;
    uint64_t cycle = 0;
    uint64_t stall_cycles = 0;
    uint32_t feedback = 0;
    bool offering = false;
    bool ready = false;

    // Inputs of this cycle. A word on offer stays until it is taken.
    void drive() {
        const uint64_t position = word_cycles.size();
        if (!offering) {
            offering = position < job.word_count && !gaps.now();
            *chunks(top.p_s__axis__tvalid) = offering;
            if (offering) {
                std::memcpy(chunks(top.p_s__axis__tdata), job.words + position * job.word_bytes, job.word_bytes);
                *chunks(top.p_s__axis__tlast) = position == job.word_count - 1;
            }
        }
        ready = !stalls.now();
        *chunks(top.p_m__axis__tready) = ready;
    }

    // One evaluation at the rising edge settles the combinational outputs and computes the registers' next values.
    void evaluate() {
        *chunks(top.p_clk) = 1;
        feedback |= !top.eval();
    }

    // Transfers of this cycle; registers still have the values of before the edge.
    void sample() {
        if (offering) {
            if (*chunks(top.p_s__axis__tready)) {
                word_cycles.push_back(cycle);
                offering = false;
            } else {
                ++stall_cycles;
            }
        }
        if (ready && *chunks(top.p_m__axis__tvalid)) {
            stream.push_back(*chunks(top.p_m__axis__tdata));
            byte_cycles.push_back(cycle);
            if (*chunks(top.p_m__axis__tlast))
                packet_ends.push_back(stream.size());
        }
    }

    // Registers take their next values. The clock then falls, on which nothing depends: no second evaluation.
    void commit() {
        top.commit();
        *chunks(top.p_clk) = 0;
        *chunks(top.prev_p_clk) = 0;
    }
};

extern "C" {

Simulation *simulation_new(const Job *job) { return new Simulation(*job); }
void simulation_delete(Simulation *simulation) { delete simulation; }
void simulation_run(Simulation *simulation, uint64_t cycles, Progress *progress) {
    simulation->run(cycles);
    *progress = simulation->progress();
}
const uint8_t *simulation_stream(Simulation *simulation) { return simulation->stream.data(); }
const uint64_t *simulation_packet_ends(Simulation *simulation) { return simulation->packet_ends.data(); }
const uint64_t *simulation_word_cycles(Simulation *simulation) { return simulation->word_cycles.data(); }
const uint64_t *simulation_byte_cycles(Simulation *simulation) { return simulation->byte_cycles.data(); }

}
