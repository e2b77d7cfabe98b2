// The loss of a potential's forces and its gradient in the weights, a block of points at a time.
//
//     V(x) = g(w_L . s(W_{L-1} ... s(W_0 x + b_0) ...) + b_L),  g(y) = y or exp(y)
//     loss = scale * sum_i |J_i grad V(x_i) - F_i|^2
//
// Four passes over the layers: forward h, back u = dy/dz, forward again the tangents t along the
// residual's own direction J^T (J grad V - F), and back the adjoints of both at once. That is the
// whole second derivative that is needed: the gradient of residual . grad V in the weights.
//
// Arrays run over the points last, so that a vector holds neighbours; a block of them stays in the
// cache through all passes. Compiled for one REAL and one ACTIVATION.

#include <algorithm>
#include <memory>

#include "activations.h"
#include "blocks.h"

namespace {

using Real = REAL;
using Activation = ACTIVATION;
using V = Vector<Real>;
constexpr int SIZE = BLOCK<Real>;

struct Network {
    const Index* widths;  // (layers + 1,): of the features, and of the hidden layers
    Index layers;
    bool exponentiated;
    const Real* parameters;  // all weights (inputs, outputs), the output's; all biases, the output's

    Index features() const { return widths[0]; }
    Index last() const { return widths[layers]; }
    Index weights() const {
        Index count = last();
        for (Index l = 0; l < layers; l++) count += widths[l] * widths[l + 1];
        return count;
    }
};

struct Points {
    Index count, coordinates;
    const Real *x, *jacobian, *force;  // (features, count), (coordinates, features, count) or null
                                       // for the identity, (coordinates, count)
};

// A hidden layer: its weights both ways, its block of each pass, and the sums of its gradient.
struct Layer {
    Index inputs, outputs;
    std::vector<Real> forth, back;
    const Real* bias;
    Zeros<Real> value, slope, adjoint, tangent, bent, gradient, bias_gradient;

    Layer(const Real* weights, const Real* biases, Index inputs, Index outputs)
        : inputs(inputs),
          outputs(outputs),
          forth(packed(weights, outputs, inputs, Index(1), outputs)),
          back(packed(weights, inputs, outputs, outputs, Index(1))),
          bias(biases),
          value(outputs * SIZE),
          slope(outputs * SIZE),
          adjoint(outputs * SIZE),
          tangent(outputs * SIZE),
          bent(outputs * SIZE),
          gradient(outputs * inputs * LANES<Real>),
          bias_gradient(outputs * LANES<Real>) {}

    Index vectors() const { return outputs * MANY; }
};

class Matching {
  public:
    Matching(const Network& network, const Points& points)
        : network_(network),
          points_(points),
          place_(network.features() * SIZE),
          slope_(network.features() * SIZE),
          along_(network.features() * SIZE),
          chain_(points.coordinates * network.features() * SIZE),
          truth_(points.coordinates * SIZE),
          missed_(points.coordinates * SIZE),
          reached_(*std::max_element(network.widths, network.widths + network.layers + 1) * SIZE),
          out_gradient_(network.last() * LANES<Real>),
          potential_(SIZE),
          rate_(SIZE) {
        const Real *weight = network.parameters, *bias = weight + network.weights();
        for (Index l = 0; l < network.layers; l++) {
            const Index inputs = network.widths[l], outputs = network.widths[l + 1];
            layers_.push_back(std::make_unique<Layer>(weight, bias, inputs, outputs));
            weight += inputs * outputs;
            bias += outputs;
        }
        out_ = weight;
        out_bias_ = *bias;
    }

    // The sum of squares; with a scale also, left behind, scale times its gradient.
    double run(Real scale) {
        double loss = 0;
        for (Index first = 0; first < points_.count; first += SIZE) {
            load_block(first, std::min<Index>(SIZE, points_.count - first));
            forward();
            back();
            loss += miss(std::min<Index>(SIZE, points_.count - first));
            if (scale == 0) continue;
            turn(2 * scale);
            tangents();
            output();
            adjoints();
        }
        return loss;
    }

    void gradient(Real* to) {
        Real* to_bias = to + network_.weights();
        for (auto& layer : layers_) {
            const V *sums = layer->gradient.vectors(), *biases = layer->bias_gradient.vectors();
            for (Index j = 0; j < layer->inputs; j++)
                for (Index i = 0; i < layer->outputs; i++)
                    *to++ = together<Real>(sums[i * layer->inputs + j]);
            for (Index i = 0; i < layer->outputs; i++) *to_bias++ = together<Real>(biases[i]);
        }
        for (Index i = 0; i < network_.last(); i++)
            *to++ = together<Real>(out_gradient_.vectors()[i]);
        *to_bias = together<Real>(out_bias_gradient_);
    }

  private:
    void load_block(Index first, Index count) {
        const Index features = network_.features(), coordinates = points_.coordinates;
        load(place_.at(0), points_.x, features, points_.count, first, count);
        load(truth_.at(0), points_.force, coordinates, points_.count, first, count);
        if (points_.jacobian)
            load(chain_.at(0), points_.jacobian, coordinates * features, points_.count, first, count);
    }

    // h of every layer, and exp(y) where that is the potential.
    void forward() {
        const Real* below = place_.at(0);
        for (auto& layer : layers_) {
            product(layer->value.at(0), layer->forth, below, layer->outputs, layer->inputs, layer->bias);
            V *value = layer->value.vectors(), *slope = layer->slope.vectors();
            for (Index k = 0; k < layer->vectors(); k++)
                value[k] = Activation::value<Real>(value[k], slope[k]);
            below = layer->value.at(0);
        }
        if (!network_.exponentiated) return;
        const V* top = layers_.back()->value.vectors();
        for (int v = 0; v < MANY; v++) {
            V sum = all<Real>(out_bias_);
            for (Index i = 0; i < network_.last(); i++) sum += out_[i] * top[i * MANY + v];
            potential_.vectors()[v] = exponential<Real>(sum);
        }
    }

    // u = dy/dz of every layer, and dy/dx.
    void back() {
        Layer& top = *layers_.back();
        for (Index i = 0; i < network_.last(); i++)
            for (int v = 0; v < MANY; v++)
                top.adjoint.vectors()[i * MANY + v] = out_[i] * top.slope.vectors()[i * MANY + v];
        for (Index l = network_.layers - 1; l > 0; l--) {
            Layer &above = *layers_[l], &layer = *layers_[l - 1];
            product(layer.adjoint.at(0), above.back, above.adjoint.at(0), layer.outputs, above.outputs);
            for (Index k = 0; k < layer.vectors(); k++)
                layer.adjoint.vectors()[k] *= layer.slope.vectors()[k];
        }
        Layer& first = *layers_.front();
        product(slope_.at(0), first.back, first.adjoint.at(0), first.inputs, first.outputs);
    }

    // J grad V - F, nothing beyond the points there are; the sum of its squares.
    double miss(Index count) {
        const Index features = network_.features();
        V squares{};
        for (Index a = 0; a < points_.coordinates; a++) {
            V* missed = missed_.vectors() + a * MANY;
            for (int v = 0; v < MANY; v++) {
                V sum = points_.jacobian ? V{} : slope_.vectors()[a * MANY + v];
                if (points_.jacobian)
                    for (Index j = 0; j < features; j++)
                        sum += chain(a, j, v) * slope_.vectors()[j * MANY + v];
                if (network_.exponentiated) sum *= potential_.vectors()[v];
                missed[v] = sum - truth_.vectors()[a * MANY + v];
            }
            std::memset(missed_.at(a * SIZE + count), 0, (SIZE - count) * sizeof(Real));
            for (int v = 0; v < MANY; v++) squares += missed[v] * missed[v];
        }
        return (double)together<Real>(squares);
    }

    // The direction J^T (J grad V - F) in the features, and exp(y) that its tangents come by.
    void turn(Real scale) {
        for (Index j = 0; j < network_.features(); j++)
            for (int v = 0; v < MANY; v++) {
                V sum = points_.jacobian ? V{} : missed_.vectors()[j * MANY + v];
                if (points_.jacobian)
                    for (Index a = 0; a < points_.coordinates; a++)
                        sum += chain(a, j, v) * missed_.vectors()[a * MANY + v];
                if (network_.exponentiated) sum *= potential_.vectors()[v];
                along_.vectors()[j * MANY + v] = sum * scale;
            }
    }

    // Forward along it; what bends a tangent, s'' of it times u / s', is put by for the way back.
    void tangents() {
        const Real* below = along_.at(0);
        for (auto& layer : layers_) {
            product(layer->tangent.at(0), layer->forth, below, layer->outputs, layer->inputs);
            V *tangent = layer->tangent.vectors(), *bent = layer->bent.vectors();
            const V *value = layer->value.vectors(), *slope = layer->slope.vectors();
            const V* adjoint = layer->adjoint.vectors();
            for (Index k = 0; k < layer->vectors(); k++) {
                bent[k] = Activation::bend<Real>(value[k], slope[k]) * adjoint[k] * tangent[k];
                tangent[k] *= slope[k];
            }
            below = layer->tangent.at(0);
        }
    }

    // The gradient in the output's weights; where it is exp(y), y itself has an adjoint.
    void output() {
        const V *value = layers_.back()->value.vectors(), *tangent = layers_.back()->tangent.vectors();
        V *rates = rate_.vectors(), *reached = reached_.vectors();
        for (int v = 0; v < MANY && network_.exponentiated; v++) {
            V rate{};
            for (Index j = 0; j < network_.features(); j++)
                rate += along_.vectors()[j * MANY + v] * slope_.vectors()[j * MANY + v];
            rates[v] = rate;
            out_bias_gradient_ += rate;
        }
        for (Index i = 0; i < network_.last(); i++) {
            V sum{};
            for (int v = 0; v < MANY; v++) {
                sum += tangent[i * MANY + v] + rates[v] * value[i * MANY + v];
                reached[i * MANY + v] = out_[i] * rates[v];
            }
            out_gradient_.vectors()[i] += sum;
        }
    }

    // Back: the adjoints of values and tangents, and the gradient in the weights.
    void adjoints() {
        for (Index l = network_.layers - 1; l >= 0; l--) {
            Layer& layer = *layers_[l];
            V *bent = layer.bent.vectors(), *sums = layer.bias_gradient.vectors();
            const V *slope = layer.slope.vectors(), *reached = reached_.vectors();
            for (Index i = 0; i < layer.outputs; i++) {
                V sum{};
                for (Index k = i * MANY; k < (i + 1) * MANY; k++)
                    sum += bent[k] += slope[k] * reached[k];
                sums[i] += sum;
            }
            const Real* value = l ? layers_[l - 1]->value.at(0) : place_.at(0);
            const Real* tangent = l ? layers_[l - 1]->tangent.at(0) : along_.at(0);
            outer(layer.gradient.vectors(), layer.outputs, layer.inputs, layer.adjoint.at(0), tangent,
                  layer.bent.at(0), value);
            if (l)
                product(reached_.at(0), layer.back, layer.bent.at(0), layer.inputs, layer.outputs);
        }
    }

    V chain(Index a, Index j, int v) {
        return chain_.vectors()[(a * network_.features() + j) * MANY + v];
    }

    const Network network_;
    const Points points_;
    const Real* out_;
    Real out_bias_;
    std::vector<std::unique_ptr<Layer>> layers_;
    Zeros<Real> place_, slope_, along_, chain_, truth_, missed_, reached_, out_gradient_;
    Zeros<Real> potential_, rate_;
    V out_bias_gradient_{};
};

}  // namespace

// The loss; its gradient, as the parameters are, unless that is null.
extern "C" double loss_and_gradient(
    const Index* widths, Index layers, Index exponentiated, const Real* parameters, Index points,
    Index coordinates, const Real* x, const Real* jacobian, const Real* force, double scale,
    Real* gradient) {
    const Network network{widths, layers, exponentiated != 0, parameters};
    Matching matching(network, Points{points, coordinates, x, jacobian, force});
    const double loss = scale * matching.run(gradient ? (Real)scale : 0);
    if (gradient) matching.gradient(gradient);
    return loss;
}
