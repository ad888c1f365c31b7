using Google.Protobuf;
using Stip.Onnx.Model;

namespace Stip.Bench.Llama;

/// <summary>Sets how exactly 4-bit products are computed.</summary>
internal static class AccuracyLevel
{
    /// <summary>Activations are rounded to 8 bits, as llama.cpp does.</summary>
    public const int Rounded = 4;

    /// <summary>Rewrites an exported graph; its weights stay as they are.</summary>
    public static void Set(string graph, int level)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(graph));
        var levels = model.Graph.Node.Where(node => node.OpType == "MatMulNBits")
            .SelectMany(node => node.Attribute).Where(attribute => attribute.Name == "accuracy_level");
        foreach (var attribute in levels)
        {
            attribute.I = level;
        }

        File.WriteAllBytes(graph, model.ToByteArray());
    }
}
