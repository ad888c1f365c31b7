using System.Runtime.InteropServices;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Whole rows of a graph that gives its logits in 16 bits, as what comes from the graph, to the bit.</summary>
public sealed class NarrowLogitsTests
{
    private static readonly LogitsRequest AllRows = new(null, LogitsRequest.All);

    [Theory]
    [InlineData(TensorDtype.BFloat16)]
    [InlineData(TensorDtype.Float16)]
    public async Task WholeRows_In16Bits_AreThoseOfTheGraphInEveryForm(TensorDtype dtype)
    {
        using var server = new ApiServer();
        new TinyDecoder("wide").WriteTo(server.PackageFolder("wide"));
        new TinyDecoder(LogitsDtype: dtype).WriteTo(server.PackageFolder("tiny"));
        var caller = server.Caller();
        var wide = await caller.StepAsync(Steps.Prefill(1, 5, AllRows) with { Model = "wide" });
        var expected = wide.Choices.Select((_, row) => Narrow(wide.Row(row), dtype)).ToArray();

        using var stream = await TinyStream.OpenAsync(server);
        foreach (var answer in new[]
        {
            await caller.StepAsync(Steps.Prefill(1, 5, AllRows)),
            await caller.StepAsSafetensorsAsync(Steps.Prefill(1, 5, AllRows)),
            await stream.StepAsync(Steps.Prefill(1, 5, AllRows)),
        })
        {
            Assert.Equal(5, answer.Choices.Count);
            Assert.All(answer.Choices, choice => Assert.Equal(
                (dtype.WireName(), (long)TinyDecoder.VocabSize),
                (choice.Logits.Dtype, Assert.Single(choice.Logits.Shape!))));
            Assert.Equal(expected, answer.Choices.Select(choice => choice.Logits.Data!.Value.ToArray()));
        }
    }

    [Fact]
    public async Task LargestOfARow_InBFloat16_AreThoseOfTheRow()
    {
        using var server = new ApiServer();
        new TinyDecoder(LogitsDtype: TensorDtype.BFloat16).WriteTo(server.PackageFolder("tiny"));
        var row = (await server.Caller().StepAsync(Steps.Prefill(2, 3))).Choices[0].Logits.Data!.Value;
        var values = new float[TinyDecoder.VocabSize];
        TensorConversion.ToFloat32(TensorDtype.BFloat16, row.Span, values);
        var top = (await server.Caller().StepAsync(Steps.Prefill(2, 3, new LogitsRequest(5)))).Choices[0].Logits;

        // Equal ones in the order of their indices.
        int[] order =
        [
            .. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).ThenBy(i => i).Take(5),
        ];
        Assert.Equal(order, top.Indices);
        Assert.Equal(order.Select(i => values[i]), top.Values!);
    }

    private static byte[] Narrow(float[] row, TensorDtype dtype)
    {
        var data = new byte[row.Length * dtype.ByteSize()];
        TensorConversion.Convert(TensorDtype.Float32, MemoryMarshal.AsBytes<float>(row), dtype, data);
        return data;
    }
}
