using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>The first Ling with <c>norm_head</c>: every feature's column of the head is brought to length 1.</summary>
public sealed class NormedHeadTests(ExportedModels models) : IDisposable
{
    private const string Head = "lm_head.weight";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_WithANormedHead_IsThatOfAHeadNormedByHand()
    {
        var normed = Write("normed", isNormed: true, values => values);
        var byHand = Write("hand", isNormed: false, values =>
        {
            for (var column = 0; column < values.GetLength(1); column++)
            {
                var squares = 0.0;
                for (var row = 0; row < values.GetLength(0); row++)
                {
                    squares += (double)values[row, column] * values[row, column];
                }

                for (var row = 0; row < values.GetLength(0); row++)
                {
                    values[row, column] = (float)(values[row, column] / (Math.Sqrt(squares) + 1e-7));
                }
            }

            return values;
        });
        long[] ids = [3, 30, 7, 7, 0, 21];
        using var expected = new PlainModel(await models.ExportAsync(byHand, TensorDtype.Float32), ids.Length);
        using var actual = new PlainModel(await models.ExportAsync(normed, TensorDtype.Float32), ids.Length);

        Assert.InRange(ReferenceTests.Largest(
            actual.Append(ids, allRows: true), expected.Append(ids, allRows: true)), 0, 1e-6f);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string name, bool isNormed, Func<float[,], float[,]> change)
    {
        var recipe = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "architectures", "experts.json")))!.AsArray()
            .First(recipe => $"{recipe!["name"]}" == "bailing_moe")!;
        var folder = Directory.CreateDirectory(_folder.At(name)).FullName;
        recipe["config"]!["norm_head"] = isNormed;
        File.WriteAllText(Path.Combine(folder, "config.json"), recipe["config"]!.ToJsonString());
        using var stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(stream, [.. recipe["tensors"]!.AsObject().Select(tensor =>
        {
            var (shape, values) = DrawnWeights.Draw(tensor.Key, tensor.Value!);
            if (tensor.Key == Head)
            {
                var matrix = new float[shape[0], shape[1]];
                Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(float));
                Buffer.BlockCopy(change(matrix), 0, values, 0, values.Length * sizeof(float));
            }

            return SafetensorsWriter.Source.FromBytes(
                tensor.Key, TensorDtype.Float32, shape, MemoryMarshal.AsBytes<float>(values).ToArray());
        })]);
        return folder;
    }
}
