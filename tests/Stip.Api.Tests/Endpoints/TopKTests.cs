using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Where the largest logits are found is nobody's business but the server's.</summary>
public sealed class TopKTests
{
    /// <summary>See <c>RowReductionTests</c>.</summary>
    private const double SumTolerance = 2e-6;

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    public async Task Answers_OfRowsReducedOnTheDevice_AreThoseOfTheHost(TensorDtype dtype)
    {
        using var host = Server(dtype, "host");
        using var device = Server(dtype, "device");
        var (expected, given) = (await AnswersAsync(host), await AnswersAsync(device));
        Assert.Equal(expected.Count, given.Count);
        foreach (var (one, other) in expected.Zip(given))
        {
            Assert.Equal((one.Index, one.FinishReason), (other.Index, other.FinishReason));
            Assert.Equal(one.Logits.Dtype, other.Logits.Dtype);
            Assert.Equal(one.Logits.Indices, other.Logits.Indices);
            Assert.Equal(one.Logits.Values, other.Logits.Values);
            Assert.Equal(one.Logits.Data?.ToArray(), other.Logits.Data?.ToArray());
            Assert.Equal(one.Logits.Logsumexp ?? 0, other.Logits.Logsumexp ?? 0, SumTolerance);
        }
    }

    [Fact]
    public async Task SessionsOfOneBatch_ThatWantOtherRows_GetThem()
    {
        using var server = Server(TensorDtype.Float32, "device");
        LogitsRequest?[] wanted = [new(3), null, new(16, Temperature: 0.25), new(1), new(7)];
        var starts = new List<CompletionResponse>();
        for (var user = 0; user < wanted.Length; user++)
        {
            starts.Add(await server.Caller().StepAsync(Steps.Prefill(user, 5)));
        }

        for (var round = 0; round < 8; round++)
        {
            var steps = await Task.WhenAll(wanted.Select((logits, user) => server.Caller().StepAsync(
                Steps.Next(starts[user], user, logits: logits))));
            for (var user = 0; user < wanted.Length; user++)
            {
                var payload = steps[user].Choices[0].Logits;
                var whole = await server.Caller().StepAsync(Steps.Next(starts[user], user));
                Assert.Equal(wanted[user]?.TopK, payload.Indices?.Count);
                Assert.Equal(
                    whole.Row().Select((value, index) => (value, index)).OrderByDescending(pair => pair.value)
                        .ThenBy(pair => pair.index).Take(wanted[user]?.TopK ?? 0).Select(pair => pair.index),
                    payload.Indices ?? []);
                starts[user] = steps[user];
            }
        }
    }

    private static ApiServer Server(TensorDtype dtype, string topK)
    {
        var server = new ApiServer(("Stip:Api:TopK", topK));
        new TinyDecoder(Dtype: dtype).WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static async Task<List<CompletionChoice>> AnswersAsync(ApiServer server)
    {
        var choices = new List<CompletionChoice>();
        foreach (var topK in new int?[] { 1, 5, 16, null })
        {
            var logits = new LogitsRequest(topK, LogitsRequest.All, 0.5);
            var step = await server.Caller().StepAsync(Steps.Prefill(3, 11, logits));
            choices.AddRange(step.Choices);
            for (var i = 0; i < 4; i++)
            {
                step = await server.Caller().StepAsync(Steps.Next(step, 3, 1, new LogitsRequest(topK)));
                choices.AddRange(step.Choices);
            }
        }

        return choices;
    }
}
