using Stip.Bench.Models;
using Stip.Client.Generation;

namespace Stip.Bench.Serving;

/// <summary>The protected and the unprotected package of a model on one server.</summary>
/// <param name="Server">Where.</param>
/// <param name="Model">What.</param>
/// <param name="Protected">Over a WebSocket.</param>
/// <param name="OverHttp">The protected one without WebSockets.</param>
/// <param name="Plain">Over a WebSocket.</param>
internal sealed record ServedPair(
    BenchServer Server, MadeModel Model, StipModel Protected, StipModel OverHttp, StipModel Plain);
