using Stip.Export.Tests.Protection;
using Stip.Onnx.Execution;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Encoders, plain and protected, against what transformers computed.</summary>
public sealed class EncoderReferenceTests(ExportedModels models, ProtectedModels packages)
{
    // The law allows 1e-3 on outputs of scale ~10; float32 on the CPU stays a hundred times below it.
    private const float LargestDifference = 2e-5f;
    private const float LargestFloat16Share = 2e-3f; // two of float16's last bits

    public static TheoryData<string> Names => [.. KnownCheckpoints.Encoders];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Outputs_OfThePlainModel_EqualTheReference(string name) =>
        Compare(name, await models.FolderAsync(name));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Outputs_OfTheProtectedModel_EqualTheReference(string name) =>
        Compare(name, await packages.FolderAsync(models, name));

    [Fact]
    public async Task Outputs_OfAPaddedBatch_EqualThoseOfEachTextAlone()
    {
        var folder = await packages.FolderAsync(models, "tiny-bert-classifier");
        var batch = EncoderCase.Load(KnownCheckpoints.Folder("tiny-bert-classifier"))[1];
        var together = WholeModel.Run(folder, Inputs(batch)).First(output => output.Name == "logits").Tensor;
        var mask = Tensor(batch.Tensors["attention_mask"]).ToIntegers();
        var (texts, length) = ((int)together.Shape[0], mask.Length / (int)together.Shape[0]);
        for (var text = 0; text < texts; text++)
        {
            var tokens = (int)mask.AsSpan(text * length, length).ToArray().Sum();
            var alone = Inputs(batch).ToDictionary(input => input.Key, input => HostTensor.FromIntegers(
                input.Value.ToIntegers().AsSpan(text * length, tokens), 1, tokens));

            var logits = WholeModel.Run(folder, alone).First(output => output.Name == "logits").Tensor.ToFloats();

            var expected = together.ToFloats().AsSpan(text * logits.Length, logits.Length);
            Assert.InRange(ReferenceTests.Largest(logits, expected), 0, LargestDifference);
        }
    }

    [Theory]
    [InlineData("digits-vit")]
    [InlineData("tiny-bert-classifier")]
    public async Task Logits_InFloat16_StayNearTheReference(string name)
    {
        var folder = await models.FolderAsync(name, TensorDtype.Float16);
        var reference = EncoderCase.Load(KnownCheckpoints.Folder(name))[1];

        var logits = WholeModel.Run(folder, Inputs(reference)).First(output => output.Name == "logits").Tensor;

        var expected = reference.Tensors["logits"].ToFloats();
        var worst = ReferenceTests.Largest(logits.ToFloats(), expected);
        Assert.InRange(worst / expected.Max(MathF.Abs), 1e-7f, LargestFloat16Share);
    }

    private static void Compare(string name, string folder)
    {
        foreach (var reference in EncoderCase.Load(KnownCheckpoints.Folder(name)))
        {
            var outputs = WholeModel.Run(folder, Inputs(reference));

            var compared = outputs.Where(output => reference.Tensors.ContainsKey(output.Name)).ToList();
            Assert.NotEmpty(compared);
            foreach (var (output, tensor) in compared)
            {
                var expected = Counted(reference, output, reference.Tensors[output].ToFloats());
                var scale = Math.Max(1, expected.Max(MathF.Abs));
                var worst = ReferenceTests.Largest(Counted(reference, output, tensor.ToFloats()), expected);
                TestContext.Current.SendDiagnosticMessage($"{name} {output}: largest difference {worst:G3}");
                Assert.InRange(worst / scale, 0, LargestDifference);
            }
        }
    }

    // A word for every token, padding included, says nothing where there is no token.
    private static float[] Counted(EncoderCase reference, string output, float[] values)
    {
        if (output != "logits" || reference.Tensors[output].Shape.Count < 3
            || !reference.Tensors.TryGetValue("attention_mask", out var mask))
        {
            return values;
        }

        var tokens = Tensor(mask).ToIntegers();
        return [.. values.Chunk(values.Length / tokens.Length).Zip(tokens)
            .Where(row => row.Second != 0).SelectMany(row => row.First)];
    }

    private static Dictionary<string, HostTensor> Inputs(EncoderCase reference) =>
        reference.Inputs.ToDictionary(input => input.Key, input => Tensor(input.Value));

    private static HostTensor Tensor(EncoderCase.Tensor tensor) => new(
        tensor.Dtype, tensor.Shape.Count == 1 ? [1, .. tensor.Shape] : tensor.Shape, tensor.Bytes);
}
