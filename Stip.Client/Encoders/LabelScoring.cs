using System.Numerics.Tensors;

namespace Stip.Client.Encoders;

/// <summary>Makes scores of a classifier's logits, as its bundle says.</summary>
internal static class LabelScoring
{
    /// <summary>The way that a bundle names.</summary>
    /// <param name="name"><c>label_scores</c>: <c>softmax</c> (also where nothing is said), <c>sigmoid</c> or
    /// <c>none</c>.</param>
    /// <exception cref="StipException">No way of this client has that name.</exception>
    public static Func<float[], float[]> Of(string? name) => name switch
    {
        null or "softmax" => SoftMax,
        "sigmoid" => Sigmoid,
        "none" => logits => logits,
        _ => throw new StipException(
            $"bundle.json: label_scores is '{name}'; this client knows softmax, sigmoid and none", null),
    };

    private static float[] SoftMax(float[] logits)
    {
        var scores = new float[logits.Length];
        TensorPrimitives.SoftMax(logits, scores);
        return scores;
    }

    private static float[] Sigmoid(float[] logits)
    {
        var scores = new float[logits.Length];
        TensorPrimitives.Sigmoid(logits, scores);
        return scores;
    }
}
