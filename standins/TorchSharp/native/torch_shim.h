// The C interface between the managed face and libtorch. No C++ type and no C++ exception crosses it.
// Functions that can fail return 0, or 1 after storing a message that shim_last_error() gives to the same thread.
#pragma once
#include <stdint.h>

#define SHIM_API extern "C" __attribute__((visibility("default")))

// One argument or result of an operator.
enum shim_tag : int32_t {
    SHIM_NONE = 0,
    SHIM_TENSOR = 1,      // handle in pointer
    SHIM_INT = 2,         // integer
    SHIM_DOUBLE = 3,      // real
    SHIM_BOOL = 4,        // integer, 0 or 1
    SHIM_INTS = 5,        // int64_t[count] at pointer
    SHIM_TENSORS = 6,     // handles[count] at pointer
    SHIM_OPTIONALS = 7,   // handles[count] at pointer, null for an absent tensor
    SHIM_DEVICE = 8,      // device type in integer, index in count
    SHIM_GENERATOR = 9,   // handle in pointer
    SHIM_STRING = 10,     // UTF-8 at pointer
    SHIM_DEFAULT = 11,    // the schema's default
    SHIM_DOUBLES = 12,    // double[count] at pointer
};

struct shim_value {
    int32_t tag;
    int32_t count;
    union {
        int64_t integer;
        double real;
        void* pointer;
    };
};

// Called when gradients arrive at a custom function: `gradients` (null where undefined) in, `results` (owned handles or null) out.
typedef void (*shim_backward)(int64_t function, void* node, void** gradients, int32_t gradient_count, void** results, int32_t result_count);
typedef void (*shim_release)(int64_t function);

SHIM_API const char* shim_last_error();
SHIM_API const char* shim_torch_version();
SHIM_API int32_t shim_find_operator(const char* name, const char* overload, void** op);
// Calls any ATen operator by its schema; arguments left out at the end take the schema's defaults. Results are owned by the caller.
SHIM_API int32_t shim_call(void* op, const shim_value* arguments, int32_t argument_count, shim_value* results, int32_t capacity, int32_t* result_count);
SHIM_API int32_t shim_tensor_list(void* list, void** handles);  // moves a list result's tensors out and frees the list

SHIM_API void shim_tensor_free(void* tensor);
SHIM_API int32_t shim_tensor_alias(void* tensor, void** result);
SHIM_API int32_t shim_tensor_data(void* tensor, void** data);
SHIM_API int64_t shim_tensor_dim(void* tensor);
SHIM_API void shim_tensor_shape(void* tensor, int64_t* sizes, int64_t* strides);  // either may be null
SHIM_API int32_t shim_tensor_type(void* tensor, int32_t* dtype, int32_t* device_type, int32_t* device_index);
SHIM_API int64_t shim_tensor_numel(void* tensor);
SHIM_API int64_t shim_tensor_element_size(void* tensor);
SHIM_API int32_t shim_tensor_is_contiguous(void* tensor);
SHIM_API int32_t shim_tensor_is_leaf(void* tensor);
SHIM_API int32_t shim_tensor_requires_grad(void* tensor);
SHIM_API int32_t shim_tensor_set_requires_grad(void* tensor, int32_t value);
SHIM_API int32_t shim_tensor_grad(void* tensor, void** gradient);
SHIM_API int32_t shim_tensor_set_grad(void* tensor, void* gradient);
SHIM_API int32_t shim_tensor_text(void* tensor, char** text);
SHIM_API void shim_text_free(char* text);

SHIM_API int32_t shim_backward_run(void** tensors, void** gradients, int32_t count, int32_t retain_graph, int32_t create_graph, void** inputs, int32_t input_count);
SHIM_API int32_t shim_grad(void** outputs, void** gradients, int32_t count, void** inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
    int32_t allow_unused, void** results);
// Ties the outputs of a managed forward pass to its inputs. `roles`: 0 a constant, 1 a result, 2 an input changed in place. `saved` are unpacked again by shim_node_saved during backward.
SHIM_API int32_t shim_function_attach(int64_t function, shim_backward backward, shim_release release, void** inputs, int32_t input_count, void** outputs,
    const int32_t* roles, int32_t output_count, void** saved, int32_t saved_count, const char* name, int32_t materialize);
SHIM_API int32_t shim_node_saved(void* node, void** results);

SHIM_API int32_t shim_grad_enabled();
SHIM_API void shim_set_grad_enabled(int32_t value);
SHIM_API int32_t shim_inference_begin(int32_t value, void** guard);
SHIM_API void shim_inference_end(void* guard);

SHIM_API int32_t shim_generator_new(uint64_t seed, int32_t device_type, int32_t device_index, void** generator);
SHIM_API int32_t shim_generator_default(int32_t device_type, int32_t device_index, void** generator);
SHIM_API void shim_generator_free(void* generator);
SHIM_API int32_t shim_generator_seed(void* generator, uint64_t seed);
SHIM_API int32_t shim_generator_reseed(void* generator, uint64_t* seed);  // a seed of the machine's randomness
SHIM_API int32_t shim_generator_initial_seed(void* generator, uint64_t* seed);
SHIM_API int32_t shim_generator_state(void* generator, void** tensor);
SHIM_API int32_t shim_generator_set_state(void* generator, void* tensor);
SHIM_API int32_t shim_manual_seed(uint64_t seed);

SHIM_API int32_t shim_get_num_threads();
SHIM_API int32_t shim_set_num_threads(int32_t count);
SHIM_API int32_t shim_cuda_available();
SHIM_API int32_t shim_cuda_device_count();
SHIM_API int32_t shim_cudnn_available();
SHIM_API int32_t shim_cuda_synchronize(int32_t index);
SHIM_API int32_t shim_cuda_manual_seed(uint64_t seed, int32_t index);  // every device where index is negative
SHIM_API int32_t shim_default_dtype();
SHIM_API int32_t shim_set_default_dtype(int32_t dtype);
SHIM_API int32_t shim_anomaly(int32_t enabled, int32_t check_nan, int32_t* before, int32_t* check_nan_before);

// One AdamW step over dense float tensors on the CPU, many tensors a call; `done` is 0, and nothing changed, where a tensor is of another kind.
// `maxima` (AMSGrad) may be null.
SHIM_API int32_t shim_adamw(void** parameters, void** gradients, void** means, void** squares, void** maxima, const int64_t* steps, int32_t count, double rate,
    double beta1, double beta2, double epsilon, double decay, int32_t maximize, int32_t* done);
