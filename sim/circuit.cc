// A block with one stream in and one stream out that CXXRTL compiled, called from Python through ctypes.
//
// The including command line names the design and its top: -DDESIGN='"spike_decoder.cc"' -DTOP=p_spike__decoder. The
// streams' ports are i__* and o__*; every signal is found by its name in CXXRTL's debug information.

#include DESIGN
#include "pauses.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

extern "C" {

struct Item {
    const char *name;
    uint64_t width, depth;
    uint32_t state; // whether it is a register or a memory
};

struct Upset {
    uint64_t cycle;
    uint32_t item, row, bit;
};

struct Job {
    const uint32_t *words; // payloads, each in as many chunks of 32 bits as it takes
    uint64_t word_count;
    uint64_t quiet_cycles; // end after so many cycles without any transfer
    uint64_t cycles_max;
    double gaps, stalls;
    uint32_t pause_seed;
    uint32_t upset_count;
    const Upset *upsets; // in the order of their cycles
};

struct Result {
    uint64_t cycles, words_in, words_out, stall_cycles;
    const uint32_t *output;
    const uint64_t *cycles_in, *cycles_out;
    uint32_t feedback; // not 0 if a cycle needed more than one evaluation, which the harness does not do
};

}

class Circuit {
  public:
    Circuit() {
        top.debug_info(&items, nullptr, "");
        for (auto &entry : items.table)
            if (entry.second.size() == 1)
                listed.push_back({&entry.first, &entry.second[0]});
        i_payload = &find("i__payload");
        o_payload = &find("o__payload");
        i_valid = find("i__valid").curr, i_ready = find("i__ready").curr;
        o_valid = find("o__valid").curr, o_ready = find("o__ready").curr;
        rst = find("rst").curr, clk = find("clk").curr;
    }

    uint32_t item_count() const { return listed.size(); }

    Item item(uint32_t index) const {
        const cxxrtl::debug_item &found = *listed[index].second;
        return {listed[index].first->c_str(), found.width, found.depth, is_state(found)};
    }

    uint32_t *value(uint32_t index) { return listed[index].second->curr; }

    void count(const uint32_t *indices, uint32_t length) {
        events.assign(indices, indices + length);
    }

    // All state goes to 0, and then registers to where the design's reset puts them: no run depends on those before.
    void reset() {
        for (auto &entry : listed)
            if (is_state(*entry.second)) {
                const size_t length = chunks(*entry.second) * entry.second->depth;
                std::fill_n(entry.second->curr, length, 0);
                if (entry.second->next)
                    std::fill_n(entry.second->next, length, 0);
            }
        *i_valid = *o_ready = 0;
        *rst = 1;
        for (int cycle = 0; cycle < 4; ++cycle) {
            evaluate();
            commit();
        }
        *rst = 0;
    }

    Result run(const Job &job, uint64_t *event_counts) {
        output.clear(), cycles_in.clear(), cycles_out.clear();
        Pauses gaps(job.gaps, job.pause_seed), stalls(job.stalls, job.pause_seed ^ 0x9E3779B9u);
        const size_t in_chunks = chunks(*i_payload), out_chunks = chunks(*o_payload);
        uint64_t cycle = 0, transfer_cycle = 0, stall_cycles = 0;
        uint32_t upsets = 0;
        bool offering = false;
        *i_valid = 0;
        for (; cycle < job.cycles_max && cycle - transfer_cycle < job.quiet_cycles; ++cycle) {
            for (; upsets < job.upset_count && job.upsets[upsets].cycle <= cycle; ++upsets)
                flip(job.upsets[upsets]);
            // Inputs of this cycle. A word on offer stays until it is taken.
            if (!offering && cycles_in.size() < job.word_count && !gaps.now()) {
                offering = true;
                std::memcpy(i_payload->curr, job.words + cycles_in.size() * in_chunks, 4 * in_chunks);
            }
            *i_valid = offering;
            *o_ready = !stalls.now();
            evaluate();
            // Transfers of this cycle; registers still have the values of before the edge.
            if (offering && *i_ready) {
                cycles_in.push_back(cycle);
                offering = false;
                transfer_cycle = cycle;
            } else {
                stall_cycles += offering;
            }
            if (*o_ready && *o_valid) {
                cycles_out.push_back(cycle);
                output.insert(output.end(), o_payload->curr, o_payload->curr + out_chunks);
                transfer_cycle = cycle;
            }
            for (size_t index = 0; index < events.size(); ++index)
                event_counts[index] += *value(events[index]);
            commit();
        }
        return {cycle, cycles_in.size(), cycles_out.size(), stall_cycles, output.data(), cycles_in.data(),
                cycles_out.data(), feedback};
    }

  private:
    cxxrtl_design::TOP top;
    cxxrtl::debug_items items;
    std::vector<std::pair<const std::string *, cxxrtl::debug_item *>> listed;
    cxxrtl::debug_item *i_payload, *o_payload;
    uint32_t *i_valid, *i_ready, *o_valid, *o_ready, *rst, *clk;
    std::vector<uint32_t> events, output;
    std::vector<uint64_t> cycles_in, cycles_out;
    uint32_t feedback = 0;

    static size_t chunks(const cxxrtl::debug_item &item) { return (item.width + 31) / 32; }

    static bool is_state(const cxxrtl::debug_item &item) {
        const bool is_register = item.next && (item.flags & cxxrtl::debug_item::DRIVEN_SYNC);
        return is_register || item.type == cxxrtl::debug_item::MEMORY;
    }

    cxxrtl::debug_item &find(const char *name) { return items.table.at(name).at(0); }

    // A register keeps its next value where nothing assigns it, so that both change.
    void flip(const Upset &upset) {
        cxxrtl::debug_item &item = *listed[upset.item].second;
        const size_t chunk = upset.row * chunks(item) + upset.bit / 32;
        item.curr[chunk] ^= 1u << upset.bit % 32;
        if (item.next)
            item.next[chunk] = item.curr[chunk];
    }

    // One evaluation at the rising edge settles the combinational outputs and computes the registers' next values.
    void evaluate() {
        *clk = 1;
        feedback |= !top.eval();
    }

    // Registers take their next values. The clock then falls, on which nothing depends: no second evaluation.
    void commit() {
        top.commit();
        *clk = 0;
        top.prev_p_clk.data[0] = 0;
    }
};

extern "C" {

Circuit *circuit_new() { return new Circuit; }
void circuit_delete(Circuit *circuit) { delete circuit; }
uint32_t circuit_item_count(Circuit *circuit) { return circuit->item_count(); }
void circuit_item(Circuit *circuit, uint32_t index, Item *item) { *item = circuit->item(index); }
uint32_t *circuit_value(Circuit *circuit, uint32_t index) { return circuit->value(index); }
void circuit_count(Circuit *circuit, const uint32_t *indices, uint32_t length) { circuit->count(indices, length); }
void circuit_reset(Circuit *circuit) { circuit->reset(); }
void circuit_run(Circuit *circuit, const Job *job, Result *result, uint64_t *event_counts) {
    *result = circuit->run(*job, event_counts);
}

}
