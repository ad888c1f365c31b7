using Stip.Export.Architectures;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Gguf;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Fuzz.Targets;

/// <summary>What the developer's tool reads of models that others made.</summary>
internal static class ModelTargets
{
    private const int MostConfigBytes = 8 << 10;

    public static FuzzTarget OnnxModel(string scratch)
    {
        var path = Path.Combine(scratch, "fuzzed.onnx");
        return new FuzzTarget("onnx-model", [Graph()], input =>
        {
            File.WriteAllBytes(path, input);
            using var model = ModelFile.Load(path);
            _ = model.Tensors.Count;
        }, typeof(RefusedException));
    }

    /// <summary>config.json, and the graph that it describes.</summary>
    public static FuzzTarget ConfigJson(string scratch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "checkpoint")).FullName;
        var path = Path.Combine(folder, "config.json");
        var seeds = Directory.EnumerateFiles(
                RepositoryRoot.At("tests", "data"), "config.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(seed => seed.Length < MostConfigBytes);
        return new FuzzTarget("config-json", [.. seeds], input =>
        {
            File.WriteAllBytes(path, input);
            var checkpoint = Checkpoint.Open(folder, randomSeed: 1);
            using var tensors = checkpoint.Tensors;
            _ = SupportedArchitectures.Of(checkpoint.Config).Build(checkpoint, TensorDtype.Float32);
        }, typeof(RefusedException));
    }

    public static FuzzTarget Gguf(string scratch)
    {
        var path = Path.Combine(scratch, "fuzzed.gguf");
        new RandomLlama(8, 1, 1, 1, 8, 8, 260).Write(path, GgufType.Named("F32"), 1);
        return new FuzzTarget("gguf", [File.ReadAllBytes(path)], input =>
        {
            File.WriteAllBytes(path, input);
            var model = GgufModel.Open(path, keepsBlocks: true);
            model.Tensors.Dispose();
        }, typeof(RefusedException));
    }

    /// <summary>A small graph: a product, a bias and a name of every kind.</summary>
    public static byte[] Graph()
    {
        var graph = new GraphBuilder("fuzzed");
        graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "seq", 4);
        var weight = graph.AddWeight("weight", Weight.FromFloats(TensorDtype.Float32, [4, 4], new float[16]));
        graph.Append("", "MatMul", "product", ["inputs_embeds", weight], ["logits"]);
        graph.AddOutput("logits", TensorDtype.Float32, "batch", "seq", 4);
        using var folder = new TemporaryFolder();
        graph.Save(folder.At("model.onnx"));
        return File.ReadAllBytes(folder.At("model.onnx"));
    }
}
