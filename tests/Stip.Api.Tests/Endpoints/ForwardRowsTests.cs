using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Forward;

namespace Stip.Api.Tests.Endpoints;

/// <summary>Some rows of a pass's outputs: a language model without a cache is asked for one row of logits.</summary>
public sealed class ForwardRowsTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    [Theory]
    [InlineData(3, 1, 3, 1)]
    [InlineData(1, 4, 1, 4)]
    [InlineData(null, 2, 0, 2)]
    [InlineData(4, null, 4, 1)]
    public async Task Rows_ThatAreWanted_AreThoseOfTheWholeAnswerInBothForms(
        int? first, int? count, int expectedFirst, int expectedCount)
    {
        var pass = TinyEncoder.Request(1, 5);
        var whole = (await tiny.Server.Caller().PostAsync<ForwardResponse>(StipRoutes.Forward, pass)).Outputs.Single();

        var wanted = pass with { FirstRow = first, RowCount = count };
        var json = (await tiny.Server.Caller().PostAsync<ForwardResponse>(StipRoutes.Forward, wanted)).Outputs.Single();
        using var content = new ByteArrayContent(ForwardCodec.Write(wanted));
        content.Headers.ContentType = new(StipRoutes.SafetensorsMediaType);
        using var answer = await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Forward, content);
        var binary = ForwardCodec.ReadResponse(
            await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Outputs.Single();

        var row = TinyEncoder.HiddenSize * sizeof(float);
        var expected = whole.Value.Data.Slice(expectedFirst * row, expectedCount * row).ToArray();
        Assert.Equal([1L, expectedCount, TinyEncoder.HiddenSize], json.Value.Shape);
        Assert.Equal(expected, json.Value.Data.ToArray());
        Assert.Equal(json.Value.Shape, binary.Value.Shape);
        Assert.Equal(expected, binary.Value.Data.ToArray());
    }

    [Theory]
    [InlineData(1, 5, null)]
    [InlineData(1, -1, 1)]
    [InlineData(1, 2, 4)]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 1)] // of which text
    public async Task Rows_ThatAreNotThere_AreRefused(int texts, int first, int? count)
    {
        using var response = await tiny.Server.Caller().PostAsync(
            StipRoutes.Forward, TinyEncoder.Request(texts, 5) with { FirstRow = first, RowCount = count });

        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }

    [Fact]
    public async Task Rows_OfAnAnswerThatIsTooLargeAsAWhole_AreGiven()
    {
        using var server = new ApiServer(
            ("Stip:Api:Engine:MaxAnswerMegabytes", "1"), ("Stip:Api:Engine:ForwardMegabytes", "100000000"));
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"), contextLength: 100_000);
        var pass = TinyEncoder.Request(1, 70_000);
        using var whole = await server.Caller().PostAsync(StipRoutes.Forward, pass);
        await ApiCaller.RefusedAsync(whole, 413, "payload_too_large");

        var row = await server.Caller().PostAsync<ForwardResponse>(
            StipRoutes.Forward, pass with { FirstRow = 69_999 });

        Assert.Equal([1L, 1, TinyEncoder.HiddenSize], Assert.Single(row.Outputs).Value.Shape);
        using var all = await server.Caller().PostAsync(
            StipRoutes.Forward, pass with { FirstRow = 0, RowCount = 70_000 });
        await ApiCaller.RefusedAsync(all, 413, "payload_too_large");
    }
}
