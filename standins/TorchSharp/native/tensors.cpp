#include "shim_support.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/version.h>

namespace {
thread_local std::string last_error;
}

void shim::remember(std::string message) {
    last_error = std::move(message);
}

const char* shim_last_error() { return last_error.c_str(); }
const char* shim_torch_version() { return TORCH_VERSION; }

void shim_tensor_free(void* tensor) { delete static_cast<at::Tensor*>(tensor); }

int32_t shim_tensor_alias(void* tensor, void** result) {
    return shim::guarded([&] { *result = shim::own(shim::tensor(tensor)); });
}

int32_t shim_tensor_data(void* tensor, void** data) {
    return shim::guarded([&] { *data = shim::tensor(tensor).data_ptr(); });
}

int64_t shim_tensor_dim(void* tensor) { return shim::tensor(tensor).dim(); }

void shim_tensor_shape(void* tensor, int64_t* sizes, int64_t* strides) {
    const auto& t = shim::tensor(tensor);
    if (sizes) std::memcpy(sizes, t.sizes().data(), t.dim() * sizeof(int64_t));
    if (strides) std::memcpy(strides, t.strides().data(), t.dim() * sizeof(int64_t));
}

int32_t shim_tensor_type(void* tensor, int32_t* dtype, int32_t* device_type, int32_t* device_index) {
    return shim::guarded([&] {
        const auto& t = shim::tensor(tensor);
        *dtype = static_cast<int32_t>(t.scalar_type());
        *device_type = static_cast<int32_t>(t.device().type());
        *device_index = t.device().index();
    });
}

int64_t shim_tensor_numel(void* tensor) { return shim::tensor(tensor).numel(); }
int64_t shim_tensor_element_size(void* tensor) { return static_cast<int64_t>(shim::tensor(tensor).element_size()); }
int32_t shim_tensor_is_contiguous(void* tensor) { return shim::tensor(tensor).is_contiguous(); }
int32_t shim_tensor_is_leaf(void* tensor) { return shim::tensor(tensor).is_leaf(); }
int32_t shim_tensor_requires_grad(void* tensor) { return shim::tensor(tensor).requires_grad(); }

int32_t shim_tensor_set_requires_grad(void* tensor, int32_t value) {
    return shim::guarded([&] { shim::tensor(tensor).set_requires_grad(value != 0); });
}

int32_t shim_tensor_grad(void* tensor, void** gradient) {
    return shim::guarded([&] { *gradient = shim::own_or_null(shim::tensor(tensor).grad()); });
}

int32_t shim_tensor_set_grad(void* tensor, void* gradient) {
    return shim::guarded([&] { shim::tensor(tensor).mutable_grad() = gradient ? shim::tensor(gradient) : at::Tensor(); });
}

int32_t shim_tensor_text(void* tensor, char** text) {
    return shim::guarded([&] {
        std::ostringstream stream;
        stream << shim::tensor(tensor);
        *text = strdup(stream.str().c_str());
    });
}

void shim_text_free(char* text) { std::free(text); }

int32_t shim_inference_begin(int32_t value, void** guard) {
    return shim::guarded([&] { *guard = new c10::InferenceMode(value != 0); });
}

void shim_inference_end(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

namespace {
c10::Device device(int32_t type, int32_t index) {
    return c10::Device(static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(index));
}
at::Generator& generator_of(void* handle) { return *static_cast<at::Generator*>(handle); }
}  // namespace

int32_t shim_generator_new(uint64_t seed, int32_t device_type, int32_t device_index, void** generator) {
    return shim::guarded([&] {
        auto where = device(device_type, device_index);
        // A copy of the device's default generator: the one way to a new generator that needs no CUDA headers.
        at::Generator made = where.is_cpu() ? at::make_generator<at::CPUGeneratorImpl>(seed) : at::globalContext().defaultGenerator(where).clone();
        std::lock_guard<std::mutex> lock(made.mutex());
        made.set_current_seed(seed);
        *generator = new at::Generator(made);
    });
}

int32_t shim_generator_default(int32_t device_type, int32_t device_index, void** generator) {
    return shim::guarded([&] { *generator = new at::Generator(at::globalContext().defaultGenerator(device(device_type, device_index))); });
}

void shim_generator_free(void* generator) { delete static_cast<at::Generator*>(generator); }

int32_t shim_generator_seed(void* generator, uint64_t seed) {
    return shim::guarded([&] {
        auto& target = generator_of(generator);
        std::lock_guard<std::mutex> lock(target.mutex());
        target.set_current_seed(seed);
    });
}

int32_t shim_generator_reseed(void* generator, uint64_t* seed) {
    return shim::guarded([&] {
        auto& target = generator_of(generator);
        std::lock_guard<std::mutex> lock(target.mutex());
        *seed = target.seed();
    });
}

int32_t shim_generator_initial_seed(void* generator, uint64_t* seed) {
    return shim::guarded([&] { *seed = generator_of(generator).current_seed(); });
}

int32_t shim_generator_state(void* generator, void** tensor) {
    return shim::guarded([&] {
        auto& source = generator_of(generator);
        std::lock_guard<std::mutex> lock(source.mutex());
        *tensor = shim::own(source.get_state());
    });
}

int32_t shim_generator_set_state(void* generator, void* tensor) {
    return shim::guarded([&] {
        auto& target = generator_of(generator);
        std::lock_guard<std::mutex> lock(target.mutex());
        target.set_state(shim::tensor(tensor));
    });
}

int32_t shim_manual_seed(uint64_t seed) {
    return shim::guarded([&] { at::manual_seed(seed); });
}

int32_t shim_get_num_threads() { return at::get_num_threads(); }

int32_t shim_set_num_threads(int32_t count) {
    return shim::guarded([&] { at::set_num_threads(count); });
}

int32_t shim_cuda_available() { return at::globalContext().hasCUDA(); }
int32_t shim_cuda_device_count() { return at::globalContext().hasCUDA() ? static_cast<int32_t>(at::getNumGPUs()) : 0; }

int32_t shim_cudnn_available() { return shim_cuda_device_count() > 0 && at::detail::getCUDAHooks().hasCuDNN(); }

int32_t shim_cuda_synchronize(int32_t index) {
    return shim::guarded([&] { at::detail::getCUDAHooks().deviceSynchronize(static_cast<c10::DeviceIndex>(index < 0 ? 0 : index)); });
}

int32_t shim_cuda_manual_seed(uint64_t seed, int32_t index) {
    return shim::guarded([&] {
        int32_t first = index < 0 ? 0 : index, end = index < 0 ? shim_cuda_device_count() : index + 1;
        for (int32_t i = first; i < end; i++) {
            auto generator = at::globalContext().defaultGenerator(device(static_cast<int32_t>(at::kCUDA), i));
            std::lock_guard<std::mutex> lock(generator.mutex());
            generator.set_current_seed(seed);
        }
    });
}

int32_t shim_default_dtype() { return static_cast<int32_t>(c10::get_default_dtype_as_scalartype()); }

int32_t shim_set_default_dtype(int32_t dtype) {
    return shim::guarded([&] { c10::set_default_dtype(c10::scalarTypeToTypeMeta(static_cast<c10::ScalarType>(dtype))); });
}

int32_t shim_anomaly(int32_t enabled, int32_t check_nan, int32_t* before, int32_t* check_nan_before) {
    return shim::guarded([&] {
        using torch::autograd::AnomalyMode;
        *before = AnomalyMode::is_enabled();
        *check_nan_before = AnomalyMode::should_check_nan();
        AnomalyMode::set_enabled(enabled != 0, check_nan != 0);
    });
}
