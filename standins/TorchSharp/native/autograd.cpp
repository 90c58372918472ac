#include "shim_support.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

namespace {

using torch::autograd::variable_list;

// A node of the graph whose backward pass is managed code.
struct ManagedNode : torch::autograd::Node {
    int64_t function = 0;
    shim_backward backward = nullptr;
    shim_release release = nullptr;
    bool materialize = true;
    std::string title;
    std::vector<torch::autograd::SavedVariable> saved;

    ~ManagedNode() override {
        if (release) release(function);
    }

    std::string name() const override { return title; }

    void release_variables() override {
        for (auto& variable : saved) variable.reset_data();
    }

    variable_list apply(variable_list&& gradients) override {
        std::vector<void*> in(gradients.size()), out(num_outputs());
        for (size_t i = 0; i < gradients.size(); i++) {
            at::Tensor gradient = gradients[i];
            if (!gradient.defined() && materialize) gradient = input_metadata(i).zeros_like();
            in[i] = shim::own_or_null(gradient);
        }
        // The managed side owns what comes in and gives up what it returns.
        backward(function, this, in.data(), static_cast<int32_t>(in.size()), out.data(), static_cast<int32_t>(out.size()));
        variable_list results(out.size());
        for (size_t i = 0; i < out.size(); i++) {
            if (!out[i]) continue;
            if (should_compute_output(i)) results[i] = shim::tensor(out[i]);
            shim_tensor_free(out[i]);
        }
        return results;
    }
};

variable_list list(void** handles, int32_t count) {
    variable_list tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; i++) tensors.push_back(handles && handles[i] ? shim::tensor(handles[i]) : at::Tensor());
    return tensors;
}

// Makes an output a result of the node, as PyTorch does for functions written in Python.
void connect(const std::shared_ptr<ManagedNode>& node, at::Tensor& output, int32_t role, void** inputs, int32_t input_count) {
    if (!output.defined() || role == 0 || !torch::autograd::isDifferentiableType(output.scalar_type())) {
        node->add_input_metadata(torch::autograd::Node::undefined_input());
        return;
    }
    if (role == 2) {
        TORCH_CHECK(!(output.requires_grad() && output.is_leaf()), "a leaf tensor that requires a gradient was changed in place by ", node->title);
        torch::autograd::impl::bump_version(output);
        auto index = node->add_input_metadata(output);
        torch::autograd::impl::rebase_history(output, {node, index});
        return;
    }
    // A forward pass that returns an input needs an output of its own to hang the node on.
    for (int32_t i = 0; i < input_count; i++) {
        if (inputs[i] && shim::tensor(inputs[i]).is_same(output)) {
            at::NoGradGuard guard;
            output = output.view_as(output);
            break;
        }
    }
    torch::autograd::set_history(output, node);
    if (auto* view = torch::autograd::impl::get_view_autograd_meta(output))
        if (view->has_bw_view()) view->set_creation_meta(torch::autograd::CreationMeta::IN_CUSTOM_FUNCTION);
}

}  // namespace

int32_t shim_backward_run(void** tensors, void** gradients, int32_t count, int32_t retain_graph, int32_t create_graph, void** inputs, int32_t input_count) {
    return shim::guarded([&] {
        auto retain = retain_graph < 0 ? shim::optional<bool>() : shim::optional<bool>(retain_graph != 0);
        torch::autograd::backward(list(tensors, count), gradients ? list(gradients, count) : variable_list(), retain, create_graph != 0, list(inputs, input_count));
    });
}

int32_t shim_grad(void** outputs, void** gradients, int32_t count, void** inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
    int32_t allow_unused, void** results) {
    return shim::guarded([&] {
        auto found = torch::autograd::grad(list(outputs, count), list(inputs, input_count), gradients ? list(gradients, count) : variable_list(),
            shim::optional<bool>(retain_graph != 0), create_graph != 0, allow_unused != 0);
        for (int32_t i = 0; i < input_count; i++) results[i] = shim::own_or_null(found[i]);
    });
}

int32_t shim_function_attach(int64_t function, shim_backward backward, shim_release release, void** inputs, int32_t input_count, void** outputs,
    const int32_t* roles, int32_t output_count, void** saved, int32_t saved_count, const char* name, int32_t materialize) {
    return shim::guarded([&] {
        std::shared_ptr<ManagedNode> node(new ManagedNode(), torch::autograd::deleteNode);
        node->title = name;
        node->materialize = materialize != 0;
        node->set_next_edges(torch::autograd::collect_next_edges(list(inputs, input_count)));
        for (int32_t i = 0; i < output_count; i++) connect(node, shim::tensor(outputs[i]), roles[i], inputs, input_count);
        for (int32_t i = 0; i < saved_count; i++) {
            bool is_output = false;
            for (int32_t j = 0; j < output_count; j++) is_output = is_output || (saved[i] && shim::tensor(outputs[j]).is_same(shim::tensor(saved[i])));
            node->saved.emplace_back(saved[i] ? shim::tensor(saved[i]) : at::Tensor(), is_output);
        }
        // From here on the node's end releases the managed function.
        node->function = function;
        node->backward = backward;
        node->release = release;
    });
}

int32_t shim_node_saved(void* node, void** results) {
    return shim::guarded([&] {
        auto managed = static_cast<ManagedNode*>(node);
        for (size_t i = 0; i < managed->saved.size(); i++) results[i] = shim::own_or_null(managed->saved[i].unpack(managed->shared_from_this()));
    });
}

int32_t shim_grad_enabled() { return c10::GradMode::is_enabled(); }
void shim_set_grad_enabled(int32_t value) { c10::GradMode::set_enabled(value != 0); }
