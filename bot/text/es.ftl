# queue-bot en español de América Latina. Las palabras de la cola (job, worker) son las del equipo.
# Los ids llegan como texto, las cantidades como números, los nombres de jobs ya en código.

## Palabras sueltas
at = { $at }
order = orden { $id }
tienda = tienda { $id }
subject = { $name } { $value }
name-order = orden
name-shop = tienda
job-unknown = job desconocido
everyone = todos
attempts =
    { $most ->
        [one] { $attempts } de 1 intento
       *[other] { $attempts } de { $most } intentos
    }
attempts-of = { $attempts } de { $most }
attempts-made =
    { $attempts ->
        [one] 1 intento
       *[other] { $attempts } intentos
    }
scope-queue = { " " }en { $queue }
scope-before = { " " }con fallo antes de { $at }
role-none = ninguno
role-viewer = lector
role-operator = operador
role-admin = administrador

## Botones
button-retry = Reintentar
button-details = Detalles
button-delete = Eliminar
button-delete-undo =
    { $days ->
        [one] Eliminar (reversible 1 día)
       *[other] Eliminar (reversible { $days } días)
    }
button-keep = Conservar
button-next = Página siguiente
button-failed = Jobs fallidos
button-jobs = Jobs en la cola
button-retry-all = Reintentar todos…
button-close = Cerrar
button-cancel = Cancelar
button-stop = Cancelar el resto
confirm-delete-failed = ¿Eliminar el job fallido { $id }?
confirm-delete-failed-text = El job no se reintentará. El bot guarda una copia.
confirm-delete = ¿Eliminar el job { $id }?
confirm-delete-text = El job no se ejecutará. Si un worker ya tomó el job, es posible que lo termine. El archivo del bot guarda una copia.

## Lo que leen los lectores de pantalla en lugar del texto de un botón; empieza con ese texto
spoken-retry-ids = Reintentar job fallido { $what }
spoken-retry-error = Reintentar grupo { $what }
spoken-retry-incident = Reintentar grupo del incidente { $what }
spoken-failed-job-id = Detalles del job fallido { $what }
spoken-job-id = Detalles del job { $what }
spoken-error-error = Detalles del grupo de error { $what }
spoken-delete-failed-ids = Eliminar job fallido { $what }
spoken-delete-ids = Eliminar job { $what }
spoken-release-ids = Liberar job { $what }
spoken-acknowledge-id = Reconocer incidente { $what }
spoken-cancel-id = Cancelar el resto de la operación { $what }
spoken-undo-what = Deshacer operación { $what }
spoken-find-order = Ver la orden { $what }
spoken-unmute-error = Quitar silencio del grupo de error { $what }
spoken-unmute-queue = Quitar silencio de la cola { $what }
spoken-unmute-alert = Quitar silencio de la regla de alerta { $what }
spoken-incident-retry = Reintentar grupo { $error } del incidente { $incident }
spoken-incident-details = Detalles del incidente { $incident }
spoken-home-day = Detalles de las últimas 24 horas
spoken-retry-all-queue = Reintentar todos los jobs fallidos de la cola { $what }
spoken-page-failed = Página siguiente de jobs fallidos
spoken-page-jobs = Página siguiente de jobs en la cola
spoken-page-errors = Página siguiente de grupos de error
spoken-page-history = Registros anteriores del historial

## Estado
status-title = *Estado de la cola*
status-totals =
    { $available ->
        [one] 1 disponible
       *[other] { $available } disponibles
    } · { $delayed ->
        [one] 1 diferido
       *[other] { $delayed } diferidos
    } · { $reserved ->
        [one] 1 reservado
       *[other] { $reserved } reservados
    } · { $failed ->
        [one] 1 fallido
       *[other] { $failed } fallidos
    }
status-queue = { $queue }: { $available ->
        [one] 1 disponible
       *[other] { $available } disponibles
    }, { $delayed ->
        [one] 1 diferido
       *[other] { $delayed } diferidos
    }, { $reserved ->
        [one] 1 reservado
       *[other] { $reserved } reservados
    }
status-oldest = Job en espera más antiguo: { $age }, en { $queue }.
status-oldest-alarm = ⚠️ Job en espera más antiguo: { $age }, en { $queue }. El límite es { $limit }: ¿están corriendo los workers?
status-none-waits = ✅ Job en espera más antiguo: ninguno.
status-failed-alarm =
    { $limit ->
        [one] ⚠️ Hay más de 1 job fallido. Busca el error que los jobs tienen en común, corrígelo y reintenta todos los jobs fallidos.
       *[other] ⚠️ Hay más de { $limit } jobs fallidos. Busca el error que los jobs tienen en común, corrígelo y reintenta todos los jobs fallidos.
    }
status-caption = Jobs por cola
status-as-of = Estas cantidades son de { $at }. El bot no cuenta las tablas grandes en cada comando.
status-more-queues =
    { $count ->
        [one] Hay 1 cola más, con menos jobs.
       *[other] Hay { $count } colas más, con menos jobs.
    }
column-queue = Cola
column-available = Disponibles
column-delayed = Diferidos
column-reserved = Reservados
caption-failed = Jobs fallidos { $first } a { $last }
caption-jobs = Jobs { $first } a { $last }
caption-errors = Grupos de error { $first } a { $last }
column-id = ID
column-class = Clase
column-order = Orden
column-subject = Dato
column-failed-at = Falló
column-error = Error
column-state = Estado
column-attempts = Intentos
column-failed = Fallidos
column-cause = Causa
column-last = Último fallo

## Listas
failed-title = *Jobs fallidos*{ $scope }, los más recientes primero
failed-none = ✅ No hay jobs fallidos{ $scope }.
failed-row = *Job fallido { $id }*
failed-name = Job fallido { $id }
failed-at = falló { $at }
jobs-title =
    { $status ->
        [pending] *Jobs pendientes*{ $scope }
        [reserved] *Jobs reservados*{ $scope }
       *[all] *Jobs en la cola*{ $scope }
    }
jobs-none = ✅ No hay jobs que coincidan{ $scope }.
jobs-none-partial = ❓ No hay jobs que coincidan{ $scope } entre los más antiguos y los más recientes. La cola es demasiado larga para revisarla completa.
job-row = *Job { $id }*
job-name = Job { $id }
list-more = Hay más abajo.
list-partial = Solo se revisaron los jobs más antiguos y los más recientes.
state-pending = disponible, creado hace { $age }
state-pending-ageless = disponible
state-delayed = ⏳ diferido hasta { $at }
state-reserved = ▶️ reservado desde hace { $age }
state-stuck = ⚠️ atascado: reservado desde hace { $age }
stuck-hint = Este job lleva más de { $age } reservado: su worker puede estar muerto o atascado. Revisa los workers ({ $look }) y reinícialos si hace falta ({ $restart }).

## Detalle
label-state = *Estado:*
label-queue = *Cola:*
label-class = *Clase:*
label-order = *Orden:*
label-tienda = *Tienda:*
label-attempts = *Intentos:*
label-created-at = *Creado:*
label-available-at = *Disponible:*
label-reserved-at = *Reservado:*
label-failed-at = *Falló:*
label-error-group = *Grupo de error:*
label-exception = *Excepción*
label-payload = *Payload* (datos secretos ocultos)
text-empty = Vacío.
text-cut = El texto está cortado aquí. El texto completo tiene { $length } caracteres.

## Cambios de jobs sueltos
retried-one = 🔁 El job fallido { $id } volvió a la cola como job { $job }.
retried-one-by = 🔁 { $by } reintentó el job fallido { $id }: volvió a la cola como job { $job }.
retried-many =
    { $count ->
        [one] 🔁 1 job fallido reintentado:
       *[other] 🔁 { $count } jobs fallidos reintentados:
    }
retried-many-by =
    { $count ->
        [one] 🔁 { $by } reintentó 1 job fallido:
       *[other] 🔁 { $by } reintentó { $count } jobs fallidos:
    }
retried-row = { $id } → job { $job }
deleted-one = 🗑️ Job { $id } eliminado.
deleted-one-by = 🗑️ { $by } eliminó el job { $id }.
deleted-many =
    { $count ->
        [one] 🗑️ 1 job eliminado:
       *[other] 🗑️ { $count } jobs eliminados:
    }
deleted-many-by =
    { $count ->
        [one] 🗑️ { $by } eliminó 1 job:
       *[other] 🗑️ { $by } eliminó { $count } jobs:
    }
deleted-reserved-one = ⚠️ El job estaba reservado: es posible que su worker lo termine.
deleted-reserved =
    { $count ->
        [one] ⚠️ 1 de estos jobs estaba reservado ({ $ids }): es posible que su worker lo termine.
       *[other] ⚠️ { $count } de estos jobs estaban reservados ({ $ids }): es posible que sus workers los terminen.
    }
deleted-failed-one = 🗑️ Job fallido { $id } eliminado definitivamente.
deleted-failed-one-by = 🗑️ { $by } eliminó definitivamente el job fallido { $id }.
deleted-failed-many =
    { $count ->
        [one] 🗑️ 1 job fallido eliminado definitivamente:
       *[other] 🗑️ { $count } jobs fallidos eliminados definitivamente:
    }
deleted-failed-many-by =
    { $count ->
        [one] 🗑️ { $by } eliminó definitivamente 1 job fallido:
       *[other] 🗑️ { $by } eliminó definitivamente { $count } jobs fallidos:
    }
archive-note = El archivo del bot guarda una copia.
skipped =
    { $count ->
        [one] 1 job no se cambió:
       *[other] { $count } jobs no se cambiaron:
    }
skipped-row = • { $sentence }
skipped-wrong-queue = El bot no puede cambiar la cola del job { $id }

## Jobs atascados, y cambios desactivados
button-release = Liberar
button-release-jobs =
    { $count ->
        [one] Liberar el job { $id }
       *[other] Liberar { $count } jobs
    }
button-leave = Dejar reservado
confirm-release =
    { $count ->
        [one] ¿Liberar el job { $id }?
       *[other] ¿Liberar { $count } jobs?
    }
confirm-release-text = Revisa antes los workers. Cualquier worker puede tomar un job liberado. Si el worker anterior sigue corriendo, el job puede ejecutarse dos veces.
confirm-release-text-seen = Revisa antes los workers. Cualquier worker puede tomar un job liberado. Si el worker anterior sigue corriendo, el job puede ejecutarse dos veces. Las tablas no guardan la hora de la reserva: el bot libera el job solo si su estado sigue siendo reservado y sus intentos no cambiaron.
stuck-seen = Estas tablas no guardan la hora de una reserva. El tiempo se cuenta desde que el bot vio el job reservado por primera vez.
age-at-least = al menos { $age }
stuck-title = *Jobs atascados*, reservados desde hace { $age } o más; primero los que llevan más tiempo
stuck-none = ✅ Ningún job está reservado desde hace { $age } o más.
stuck-none-partial = ❓ Ninguno de los jobs más antiguos y más recientes está reservado desde hace { $age } o más. La cola es demasiado larga para revisarla completa.
stuck-more = Puede haber más jobs atascados: { $longer } muestra solo los jobs que llevan más tiempo atascados.
payload-facts = Payload: { $facts }
job-batch =
    { $state ->
        [cancelled] Lote { $name }, cancelado · listos: { $done } de { $total } · fallos: { $failed }
        [finished] Lote { $name }, terminado · listos: { $done } de { $total } · fallos: { $failed }
       *[open] Lote { $name } · listos: { $done } de { $total } · fallos: { $failed }
    }
stuck-expiry = Una reserva vence a los { $age }. El job cuenta entonces como disponible, porque cualquier worker puede volver a tomarlo.
workers-hint = Los workers pueden estar muertos o atascados. Revísalos ({ $look }) y reinícialos si hace falta ({ $restart }).
released-one = 🔓 El job { $id } vuelve a estar disponible: cualquier worker puede tomarlo.
released-one-by = 🔓 { $by } liberó el job { $id }: vuelve a estar disponible.
released-many =
    { $count ->
        [one] 🔓 Se liberó 1 job:
       *[other] 🔓 Se liberaron { $count } jobs:
    }
released-many-by =
    { $count ->
        [one] 🔓 { $by } liberó 1 job:
       *[other] 🔓 { $by } liberó { $count } jobs:
    }
released-held = llevaba { $age } reservado
released-warning =
    { $count ->
        [one] ⚠️ Si el worker anterior de este job sigue corriendo, el job puede ejecutarse dos veces.
       *[other] ⚠️ Si un worker anterior sigue corriendo, su job puede ejecutarse dos veces.
    }
released-early =
    { $count ->
        [one] ⚠️ El job se liberó por la fuerza poco después de que un worker lo reservara. Si ese worker está vivo, el job se ejecuta dos veces.
       *[other] ⚠️ Algunos jobs se liberaron por la fuerza poco después de que sus workers los reservaran. Si un worker de esos está vivo, su job se ejecuta dos veces.
    }
released-spent =
    { $count ->
        [one] ⚠️ El job { $ids } ya agotó sus intentos: el próximo worker puede pasarlo a fallidos sin ejecutarlo.
       *[other] ⚠️ Los jobs { $ids } ya agotaron sus intentos: el próximo worker puede pasarlos a fallidos sin ejecutarlos.
    }
help-stuck = jobs que llevan demasiado tiempo reservados
help-release = devolver a la cola los jobs atascados
refusal-not-reserved = El job { $id } no está reservado: ningún worker lo tiene. No se cambió nada
refusal-not-reserved-by = El job { $id } ya no está reservado: { $by } lo liberó a las { $at }
refusal-reserved-again = Un worker volvió a tomar el job { $id } a las { $at }. El job no se cambió; actualiza la lista e inténtalo de nuevo
refusal-reserved-recently = El job { $id } se reservó hace muy poco, a las { $at }. Su worker probablemente lo sigue ejecutando. El job no se cambió. Si ese worker murió: { $slash } release { $id } force=yes
refusal-row-too-long = El job fallido { $id } no se movió: uno de sus valores no cabe en la columna { $detail }. Amplía esa columna e inténtalo de nuevo
refusal-row-would-change = El job fallido { $id } no se movió: la tabla { $detail } guardaría un texto distinto. Compara los juegos de caracteres y los triggers de ambas tablas
refusal-row-refused = La fila { $id } no se movió: la base de datos rechazó el cambio con { $detail }
refusal-row-has-children = La fila { $id } no se cambió, porque hay filas de la tabla { $detail } que dependen de ella. La base de datos también borraría o modificaría esas filas, y al deshacer no se recuperan. Para cambiar la fila { $id } de todos modos, repite el comando con force=yes
reason-row-has-children = hay filas de otra tabla que dependen de la fila (repite con force=yes)
reason-times-off = failed_at no está en la zona horaria de QUEUE_BOT_TIME_ZONE
refusal-other-connection = El job fallido { $id } no se movió: vino de la conexión { $detail }, cuyos jobs no están en esta tabla. Reinténtalo con el queue:retry del framework, o agrega la conexión a QUEUE_BOT_CONNECTIONS si su driver es database
reason-row-too-long = un valor no cabe en su columna
reason-row-would-change = la tabla guardaría un texto distinto del original
reason-row-refused = la base de datos rechazó la fila
reason-other-connection = el job vino de otra conexión
reason-not-reserved = el job no estaba reservado
reason-reserved-again = un worker había vuelto a tomar el job
reason-reserved-recently = el job se había reservado hace muy poco

frozen = 🧊 *Cambios congelados* por { $by } desde { $at }.
frozen-reason = 🧊 *Cambios congelados* por { $by } desde { $at }: { $reason }
frozen-effect = No se ejecuta ningún cambio hasta que un administrador ejecute { $command }.
frozen-preview = 🧊 { $by } congeló todos los cambios ({ $at }). Este cambio solo se puede confirmar después de descongelar.
frozen-progress = 🧊 En pausa: los cambios están congelados por { $by } desde { $at }. La operación continúa después de descongelar.
freeze-done = 🧊 Cambios congelados: desde ahora el bot rechaza todos los cambios. Los cambios masivos en curso se pausan, y continúan después de { $command }.
freeze-done-by = 🧊 *{ $by } congeló todos los cambios.* Los cambios masivos en curso se pausan. El estado, las listas y el historial siguen funcionando.
freeze-why = Motivo: { $reason }
unfreeze-done = ☀️ Los cambios vuelven a estar permitidos, después de { $age } de congelamiento. Los cambios masivos en pausa continúan.
unfreeze-done-by = ☀️ *{ $by } vuelve a permitir los cambios*, después de { $age } de congelamiento. Los cambios masivos en pausa continúan.
help-freeze = rechazar todos los cambios hasta que se descongelen; los cambios masivos en curso se pausan
help-unfreeze = volver a permitir los cambios
other-command = Este bot responde a { $slash }, no a { $typed }. No se ejecutó nada. El comando de la app y QUEUE_BOT_COMMAND deben ser iguales.
other-environment = Este mensaje es de { $theirs }, pero el clic llegó a { $own }. No se cambió nada. Dos bots usan la misma app de Slack, o QUEUE_BOT_ENVIRONMENT cambió.
environment-without-name = un entorno sin nombre
refusal-frozen = Los cambios están congelados por { $by } desde las { $at }. No se cambió nada; un administrador puede ejecutar { $slash } unfreeze
refusal-frozen-reason = Los cambios están congelados por { $by } desde las { $at }: { $reason }. No se cambió nada; un administrador puede ejecutar { $slash } unfreeze
refusal-already-frozen = Los cambios ya están congelados por { $by } desde las { $at }
refusal-not-frozen = Los cambios no están congelados
refusal-not-frozen-by = Los cambios ya no están congelados: { $by } volvió a permitirlos a las { $at }
reason-frozen = los cambios estaban congelados
reason-already-frozen = los cambios ya estaban congelados
reason-not-frozen = los cambios no estaban congelados

## Deshacer
button-undo = Deshacer
retried-attempts =
    { $count ->
        [one] Los intentos en el payload de { $ids } vuelven a ser 0.
        [many] Los intentos en los payloads de { $ids } vuelven a ser 0.
       *[other] Los intentos en los payloads de { $ids } vuelven a ser 0.
    }
retried-batch-cancelled =
    { $count ->
        [one] ⚠️ El lote de { $ids } está cancelado: el worker termina el job sin trabajar.
        [many] ⚠️ Los lotes de { $ids } están cancelados: los workers terminan estos jobs sin trabajar.
       *[other] ⚠️ Los lotes de { $ids } están cancelados: los workers terminan estos jobs sin trabajar.
    }
deleted-batch =
    { $count ->
        [one] ⚠️ El lote de { $ids } no terminó. Sin este job no termina nunca.
        [many] ⚠️ Los lotes de { $ids } no terminaron. Sin estos jobs no terminan nunca.
       *[other] ⚠️ Los lotes de { $ids } no terminaron. Sin estos jobs no terminan nunca.
    }
retried-deadline-moved =
    { $count ->
        [one] El plazo (retryUntil) de { $ids } había vencido. El reintento fijó un plazo nuevo: el job tiene tanto tiempo como después de su creación.
        [many] Los plazos (retryUntil) de { $ids } habían vencido. El reintento fijó plazos nuevos: cada job tiene tanto tiempo como después de su creación.
       *[other] Los plazos (retryUntil) de { $ids } habían vencido. El reintento fijó plazos nuevos: cada job tiene tanto tiempo como después de su creación.
    }
retried-deadline-removed =
    { $count ->
        [one] El plazo (retryUntil) de { $ids } había vencido. El reintento lo quitó, porque el payload no dice cuándo se creó el job.
        [many] Los plazos (retryUntil) de { $ids } habían vencido. El reintento los quitó, porque los payloads no dicen cuándo se crearon los jobs.
       *[other] Los plazos (retryUntil) de { $ids } habían vencido. El reintento los quitó, porque los payloads no dicen cuándo se crearon los jobs.
    }
undo-until-started = Se puede deshacer hasta que un worker tome el job.
undo-too-late = Un worker ya tomó el job; el reintento no se puede deshacer.
undone-failed-one = ↩️ El job fallido { $id } está otra vez en failed_jobs.
undone-failed-one-by = ↩️ { $by } devolvió el job fallido { $id } a failed_jobs.
undone-failed-many =
    { $count ->
        [one] ↩️ 1 job fallido está otra vez en failed_jobs:
       *[other] ↩️ { $count } jobs fallidos están otra vez en failed_jobs:
    }
undone-failed-many-by =
    { $count ->
        [one] ↩️ { $by } devolvió 1 job fallido a failed_jobs:
       *[other] ↩️ { $by } devolvió { $count } jobs fallidos a failed_jobs:
    }
undone-job-one = ↩️ El job { $id } está otra vez en la cola.
undone-job-one-by = ↩️ { $by } devolvió el job { $id } a la cola.
undone-job-many =
    { $count ->
        [one] ↩️ 1 job está otra vez en la cola:
       *[other] ↩️ { $count } jobs están otra vez en la cola:
    }
undone-job-many-by =
    { $count ->
        [one] ↩️ { $by } devolvió 1 job a la cola:
       *[other] ↩️ { $by } devolvió { $count } jobs a la cola:
    }
undone-change = Se deshizo el comando { $command } de { $by }, { $at }.
undone-taken-back = el job { $job } no se ejecutará
undone-new-id = id nuevo { $new }, porque otra fila tiene el id { $id }
undone-reserved =
    { $count ->
        [one] ⚠️ El job está reservado, como antes. Si ningún worker lo termina, libera el job.
       *[other] ⚠️ { $count } de estos jobs están reservados, como antes ({ $ids }). Si ningún worker los termina, libera esos jobs.
    }
bulk-title-undo = Deshacer
bulk-submit-undo = Devolver { $count }
bulk-submit-undo-long =
    { $count ->
        [one] Devolver 1 job
       *[other] Devolver { $count } jobs
    }
bulk-lead-undo =
    { $count ->
        [one] *1 job fallido*{ $scope } volverá a estar como antes.
       *[other] *{ $count } jobs fallidos*{ $scope } volverán a estar como antes.
    }
scope-undo = { " " }de la operación { $operation }
bulk-note-undo = Un job reintentado se devuelve solo si ningún worker lo tomó. El resultado cuenta los jobs que no se devolvieron. Un job fallido recibe un id nuevo si otra fila ya tiene su id.
bulk-nothing-undo = ✅ No hay nada que devolver.
bulk-started-undo =
    { $count ->
        [one] En marcha: se está devolviendo 1 job fallido. El avance está en el canal.
       *[other] En marcha: se están devolviendo { $count } jobs fallidos. El avance está en el canal.
    }
progress-running-undo =
    { $total ->
        [one] ↩️ Devolviendo 1 job fallido…
       *[other] ↩️ Devolviendo { $total } jobs fallidos…
    }
progress-cancelling-undo = ⏹️ Cancelando. Jobs fallidos devueltos hasta ahora: { $done } de { $total }.
progress-done-undo =
    { $done ->
        [0] ⚪ No se devolvió ningún job fallido
        [one] ↩️ Se devolvió 1 job fallido
       *[other] ↩️ Se devolvieron { $done } jobs fallidos
    }
progress-cancelled-undo = ⏹️ Cancelado. Jobs fallidos devueltos: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-stopped-undo = ⚠️ Detenido. Jobs fallidos devueltos: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-skipped-undo =
    { $count ->
        [one] 1 job fallido no se devolvió: un worker ya había tomado el job reintentado, o el job fallido ya estaba de vuelta.
       *[other] { $count } jobs fallidos no se devolvieron: los workers ya habían tomado los jobs reintentados, o los jobs fallidos ya estaban de vuelta.
    }
undone-mark = ↩️ Deshecho por { $by }, { $at }.
undone-part = ↩️ Deshecho en parte por { $by }, { $at }. Jobs fallidos devueltos: { $count } de { $total }.
help-undo = devolver los jobs reintentados o eliminados; sin número, deshacer tu último cambio
refusal-nothing-to-undo =
    { $days ->
        [one] No hiciste ningún cambio en el último día que todavía se pueda deshacer
       *[other] No hiciste ningún cambio en los últimos { $days } días que todavía se pueda deshacer
    }
refusal-change-not-found = No existe el cambio { $word }. Indica el número de una operación, como 12, o el de un registro de auditoría, como #12
refusal-not-undoable = { $command } no se puede deshacer: el comando no quitó ningún job, o el bot no guardó una copia. Los jobs que se devolvieron al deshacer se pueden volver a reintentar o eliminar
refusal-undo-expired =
    { $days ->
        [one] Este cambio ya no se puede deshacer: el bot guarda las copias 1 día. No se cambió nada
       *[other] Este cambio ya no se puede deshacer: el bot guarda las copias { $days } días. No se cambió nada
    }
refusal-already-undone = { $by } ya deshizo este cambio a las { $at }
refusal-job-taken = Ya es tarde para deshacer el reintento del job fallido { $id }: un worker ya tiene el job { $job }. No se cambió nada
refusal-job-gone = Ya es tarde para deshacer el reintento del job fallido { $id }: el job { $job } ya no está en la cola; un worker lo tomó o lo procesó. No se cambió nada
refusal-job-gone-by = Ya es tarde para deshacer el reintento del job fallido { $id }: { $by } eliminó el job { $job } a las { $at }. No se cambió nada
refusal-row-there = La fila { $id } ya está en la tabla, con el mismo contenido. No se cambió nada
reason-nothing-to-undo = no había nada que deshacer
reason-change-not-found = no existe ese cambio
reason-not-undoable = el cambio no se puede deshacer
reason-undo-expired = las copias habían vencido
reason-already-undone = el cambio ya se había deshecho
reason-job-taken = un worker tenía el job
reason-job-gone = el job ya no estaba en la cola
reason-row-there = la fila ya estaba en la tabla

## Cambios masivos
bulk-title-retry-all = Reintentar todos
bulk-title-clear-failed = Eliminar jobs fallidos
bulk-submit-retry-all = Reintentar { $count }
bulk-submit-retry-all-long =
    { $count ->
        [one] Reintentar 1 job
       *[other] Reintentar { $count } jobs
    }
bulk-submit-clear-failed =
    { $count ->
        [one] Eliminar 1 job
       *[other] Eliminar { $count } jobs
    }
bulk-submit-clear-failed-long = Borrar { $count } (deshacer { $days } d)
bulk-lead-retry-all =
    { $count ->
        [one] *1 job fallido*{ $scope } volverá a la cola.
       *[other] *{ $count } jobs fallidos*{ $scope } volverán a la cola.
    }
bulk-lead-clear-failed =
    { $count ->
        [one] *1 job fallido*{ $scope } se eliminará sin reintento.
       *[other] *{ $count } jobs fallidos*{ $scope } se eliminarán sin reintento.
    }
label-count = *Jobs fallidos:*
label-size = *Tamaño:*
label-oldest = *Más antiguo:*
label-newest = *Más reciente:*
label-by-queue = *Por cola*
label-by-error = *Por error*
bulk-share = { $count } × { $name }
bulk-more-queues =
    { $count ->
        [one] y 1 cola más
       *[other] y { $count } colas más
    }
bulk-more-groups =
    { $count ->
        [one] y 1 grupo de error más
       *[other] y { $count } grupos de error más
    }
bulk-note-retry-all = Muchos jobs a la vez cargan todos los servicios a los que llaman.
bulk-note-clear-failed =
    { $days ->
        [one] El archivo del bot guarda copias durante 1 día; al deshacer, los jobs fallidos vuelven.
       *[other] El archivo del bot guarda copias durante { $days } días; al deshacer, los jobs fallidos vuelven.
    }
bulk-note-frozen = Los jobs que fallen desde ahora no se incluyen. Se puede confirmar una sola vez, en los próximos 10 minutos.
bulk-indexing = ⚠️ El índice de fallos aún no contiene todos los fallos anteriores; aquí faltan algunos fallos.
bulk-type-count = Escribe { $count } para confirmar
bulk-type-hint = La cantidad de jobs fallidos que se eliminarán.
bulk-nothing-retry-all = ✅ No hay nada que reintentar.
bulk-nothing-clear-failed = ✅ No hay nada que eliminar.
bulk-nothing-fits = ⚪ Ningún job fallido coincide. No se cambió nada.
bulk-started-retry-all =
    { $count ->
        [one] En marcha: 1 job fallido vuelve a la cola. El avance está en el canal.
       *[other] En marcha: { $count } jobs fallidos vuelven a la cola. El avance está en el canal.
    }
bulk-started-clear-failed =
    { $count ->
        [one] En marcha: se está eliminando 1 job fallido. El avance está en el canal.
       *[other] En marcha: se están eliminando { $count } jobs fallidos. El avance está en el canal.
    }
progress-running-retry-all =
    { $total ->
        [one] 🔁 Reintentando 1 job fallido…
       *[other] 🔁 Reintentando { $total } jobs fallidos…
    }
progress-running-clear-failed =
    { $total ->
        [one] 🗑️ Eliminando 1 job fallido…
       *[other] 🗑️ Eliminando { $total } jobs fallidos…
    }
progress-cancelling-retry-all = ⏹️ Cancelando. Jobs fallidos reintentados hasta ahora: { $done } de { $total }.
progress-cancelling-clear-failed = ⏹️ Cancelando. Jobs fallidos eliminados hasta ahora: { $done } de { $total }.
progress-done-retry-all =
    { $done ->
        [0] ⚪ No se reintentó ningún job fallido
        [one] ✅ Se reintentó 1 job fallido
       *[other] ✅ Se reintentaron { $done } jobs fallidos
    }
progress-done-clear-failed =
    { $done ->
        [0] ⚪ No se eliminó ningún job fallido
        [one] ✅ Se eliminó 1 job fallido
       *[other] ✅ Se eliminaron { $done } jobs fallidos
    }
progress-cancelled-retry-all = ⏹️ Cancelado. Jobs fallidos reintentados: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-cancelled-clear-failed = ⏹️ Cancelado. Jobs fallidos eliminados: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-stopped-retry-all = ⚠️ Detenido. Jobs fallidos reintentados: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-stopped-clear-failed = ⚠️ Detenido. Jobs fallidos eliminados: { $done } de { $total }. Los jobs restantes no se cambiaron.
progress-bar = { $bar } { $percent }% · { $done } de { $total }
progress-refused =
    { $count ->
        [one] 1 job fallido no se movió:
       *[other] { $count } jobs fallidos no se movieron. Los primeros:
    }
progress-skipped =
    { $count ->
        [one] 1 job fallido se omitió: otra persona ya lo había quitado o cambiado.
       *[other] { $count } jobs fallidos se omitieron: otra persona ya los había quitado o cambiado.
    }
progress-reason = Motivo: { $reason }
progress-by = Por { $by } · duración { $age } · operación { $operation }
cancelled = ⏹️ La operación { $operation } se detiene al terminar su lote actual. Jobs fallidos cambiados hasta ahora: { $done } de { $total }. Esos cambios se mantienen.

## Aprobación de una segunda persona
button-approve = Aprobar
button-decline = Rechazar
spoken-approve-id = Aprobar la operación { $what }
spoken-decline-id = Rechazar la operación { $what }
confirm-approve = ¿Aprobar la operación { $operation }?
confirm-approve-text = El bot hará esto: { $what }.
approval-awaiting = ✋ { $by } pide aprobación para la operación { $operation }: { $what }.
approval-until = Otro administrador debe aprobar la operación antes de { $at }, aquí o con { $command }. Los jobs que fallen desde ahora no se incluyen.
approval-declined = 🚫 La operación { $operation } de { $by } fue rechazada: { $what }. No se cambió nada.
approval-expired = ⌛ Nadie aprobó a tiempo la operación { $operation } de { $by }: { $what }. No se cambió nada.
approval-requested = ✋ La operación { $operation } espera la aprobación de otro administrador hasta { $at }: { $command }. La solicitud está en el canal.
approved = ✅ Aprobaste la operación { $operation } de { $by }. Su avance está en el canal.
approved-by = ✅ { $who } aprobó la operación { $operation } de { $by }.
declined = 🚫 Rechazaste la operación { $operation } de { $by }. No se cambió nada.
declined-by = 🚫 { $who } rechazó la operación { $operation } de { $by }. No se cambió nada.
audit-approval-requested = { $who } pidió aprobación para la operación { $operation }: { $what }
audit-approval-approve = { $who } aprobó la operación { $operation } de { $by }: { $what }
audit-approval-decline = { $who } rechazó la operación { $operation } de { $by }: { $what }
audit-approval-expired = Nadie aprobó a tiempo la operación { $operation } de { $by }: { $what }
outcome-requested = espera aprobación
outcome-expired = no se aprobó a tiempo
help-approve = iniciar un cambio masivo que pidió otra persona
help-decline = rechazar un cambio masivo que espera aprobación; los operadores solo pueden rechazar los propios
refusal-not-awaiting = La operación { $operation } no espera aprobación: alguien ya decidió o la solicitud venció. No se cambió nada
refusal-second-person-needed = La operación { $operation } es tu propia solicitud, así que otro administrador debe aprobarla. No se cambió nada
refusal-second-person-needed-terminal = La operación { $operation } se debe aprobar en Slack, porque una terminal no demuestra quién eres. No se cambió nada
refusal-approval-pending = { $command } espera aprobación: otro administrador debe aprobar la operación { $operation } en Slack. Aún no se cambió nada
reason-not-awaiting = la operación no esperaba aprobación
reason-second-person-needed = una segunda persona debe aprobar la operación
reason-approval-pending = la operación espera aprobación

## Resultados de los reintentos
retry-outcome-processed = ✅ El job { $id } se procesó, { $age } después del reintento.
retry-outcome-failed-same = 🔴 El job { $id } volvió a fallar con el mismo error, { $age } después del reintento: ahora es el job fallido { $again }.
retry-outcome-failed-again = 🔴 El job { $id } volvió a fallar, { $age } después del reintento: ahora es el job fallido { $again }.
retry-outcome-failed-otherwise = 🔴 El job { $id } volvió a fallar con otro error, { $age } después del reintento: ahora es el job fallido { $again }.
retry-outcome-late = ⏳ El job { $id } sigue en la cola, { $age } después del reintento. ¿Están corriendo sus workers?
retry-outcome-stopped-following = ⏳ El job { $id } sigue en la cola, { $age } después del reintento. El bot ya no le hace seguimiento.
retry-outcome-no-longer-queued = ⚪ El job { $id } ya no está en la cola. La cola es demasiado larga para revisar si el job se ejecuta después con otro id.
retry-outcome-deleted = 🗑️ El job { $id } ya no está en la cola: fue eliminado.
retry-outcome-deleted-by = 🗑️ El job { $id } ya no está en la cola: { $by } lo eliminó.
retry-outcome-taken-back = ↩️ El job { $id } ya no está en la cola: { $by } deshizo su reintento.
retry-outcome-for = Para { $by }
retry-outcome-word-waiting = ⏳ en espera
retry-outcome-word-late = ⏳ sigue en espera
retry-outcome-word-processed = ✅ procesado
retry-outcome-word-failed-again = 🔴 volvió a fallar
retry-outcome-word-failed-otherwise = 🔴 falló con otro error
retry-outcome-word-no-longer-queued = ⚪ ya no está en la cola
retry-outcome-word-stopped-following = ⏳ sin seguimiento
retry-outcomes-ended = Todos los jobs reintentados terminaron, { $age } después del inicio.
retry-outcomes-wait = Algunos jobs reintentados aún no se ejecutaron, { $age } después del inicio.
retry-outcomes-look = Todos los jobs reintentados se ejecutaron, { $age } después del inicio. El bot todavía revisa si alguno falló.
retry-outcomes-stopped = Algunos jobs reintentados no se habían ejecutado { $age } después del inicio. El bot ya no les hace seguimiento.
canary-waiting =
    { $count ->
        [one] 🐤 Los jobs restantes esperan el resultado del primer job:
       *[other]
            { $errors ->
                [one] 🐤 Los jobs restantes esperan los resultados de los primeros { $count } jobs:
               *[other] 🐤 Los jobs restantes esperan los resultados de los primeros { $count } jobs, de { $errors } errores:
            }
    }
canary-ended =
    { $count ->
        [one] 🐤 El primer job:
       *[other]
            { $errors ->
                [one] 🐤 Los primeros { $count } jobs:
               *[other] 🐤 Los primeros { $count } jobs, de { $errors } errores:
            }
    }
retry-outcome-count-processed =
    { $count ->
        [one] ✅ 1 procesado
       *[other] ✅ { $count } procesados
    }
retry-outcome-count-failed-again =
    { $count ->
        [one] 🔴 1 volvió a fallar
       *[other] 🔴 { $count } volvieron a fallar
    }
retry-outcome-count-failed-otherwise =
    { $count ->
        [one] 🔴 1 falló con otro error
       *[other] 🔴 { $count } fallaron con otro error
    }
retry-outcome-count-waiting = ⏳ { $count } en espera
retry-outcome-count-no-longer-queued =
    { $count ->
        [one] ⚪ 1 ya no está en la cola
       *[other] ⚪ { $count } ya no están en la cola
    }
retry-outcome-count-stopped-following = ⏳ { $count } sin seguimiento

## Alertas
alert-open = 🔴 *Job fallido { $id }*
alert-retried = 🔁 *Job fallido { $id }*
alert-deleted = 🗑️ *Job fallido { $id }*
alert-gone = ⚪ *Job fallido { $id }*
settled-retried = Reintentado.
settled-retried-by = Reintentado por { $by }, { $at }.
settled-deleted = Eliminado.
settled-deleted-by = Eliminado por { $by }, { $at }.
settled-gone = El job ya no está en failed_jobs.
summary-lead =
    { $count ->
        [one] 🔴 *1 job más falló en menos de un minuto: hay demasiados para alertas individuales*
       *[other] 🔴 *{ $count } jobs más fallaron en menos de un minuto: son demasiados para alertas individuales*
    }
summary-lead-settled =
    { $count ->
        [one] ⚪ *1 job más falló en menos de un minuto: hay demasiados para alertas individuales*
       *[other] ⚪ *{ $count } jobs más fallaron en menos de un minuto: son demasiados para alertas individuales*
    }
summary-left =
    { $left ->
        [one] 1 de estos jobs sigue en failed_jobs.
       *[other] { $left } de estos jobs siguen en failed_jobs.
    }
summary-all-settled = Todos estos jobs se reintentaron o se eliminaron.
summary-span = de { $since } a { $until }

## Auditoría
audit-who = { $mark } { $who } · { $command }
audit-times = { $outcome } ×{ $count }
audit-folded =
    { $count ->
        [one] Se rechazó 1 solicitud más de { $who } en un minuto
       *[other] Se rechazaron { $count } solicitudes más de { $who } en un minuto
    }
audit-more-refusals =
    { $count ->
        [one] 1 rechazo más
       *[other] { $count } rechazos más
    }
audit-target = { $row } ({ $more })
audit-more-targets =
    { $count ->
        [one] 1 más
       *[other] { $count } más
    }
audit-terminal = en la terminal
audit-home = en el inicio de la app
audit-background = por queue-bot
audit-link = mensaje
audit-confirmed = { $who } confirmó la operación { $operation }: { $what }
audit-tried = { $who } intentó { $command }
audit-needs =
    { $any ->
        [1] hace falta { $needed }; tiene { $has }
       *[other] hace falta { $needed }; no tiene rol
    }
audit-verified-links =
    { $count ->
        [one] Se verificó toda la auditoría: 1 registro está sin cambios
        [many] Se verificó toda la auditoría: { $count } de registros están sin cambios
       *[other] Se verificó toda la auditoría: { $count } registros están sin cambios
    }
audit-verified-faults =
    { $count ->
        [one] *La auditoría fue alterada:* la verificación diaria encontró 1 falla
        [many] *La auditoría fue alterada:* la verificación diaria encontró { $count } de fallas
       *[other] *La auditoría fue alterada:* la verificación diaria encontró { $count } fallas
    }
audit-did = { $who } ejecutó { $command }
audit-did-to = { $who } ejecutó { $command } en { $what }
audit-did-retry = { $who } reintentó { $what }
audit-did-failed-job = { $who } vio datos personales del job fallido { $what }
audit-did-job = { $who } vio datos personales del job { $what }
audit-did-delete = { $who } eliminó { $what }
audit-did-delete-failed = { $who } eliminó { $what }
audit-did-release = { $who } liberó { $what }
audit-did-undo = { $who } devolvió { $what }
audit-did-freeze = { $who } congeló todos los cambios: { $what }
audit-did-audit-key = { $who } cambió la clave de la auditoría: { $what }
audit-did-audit-purge = { $who } resumió y eliminó rechazos antiguos: { $what }
audit-did-unfreeze = { $who } permitió otra vez los cambios
audit-did-acknowledge = { $who } reconoció el incidente { $what }
audit-did-mute = { $who } silenció { $what }
audit-did-unmute = { $who } terminó el silencio de { $what }
audit-did-cancel = { $who } canceló la operación { $what }
audit-plan-retried =
    { $count ->
        [one] reintentar 1 job fallido{ $scope }
       *[other] reintentar { $count } jobs fallidos{ $scope }
    }
audit-moved-retried =
    { $total ->
        [one] reintentó { $done } de 1 job fallido
       *[other] reintentó { $done } de { $total } jobs fallidos
    }
audit-plan-deleted =
    { $count ->
        [one] eliminar 1 job fallido{ $scope }
       *[other] eliminar { $count } jobs fallidos{ $scope }
    }
audit-moved-deleted =
    { $total ->
        [one] eliminó { $done } de 1 job fallido
       *[other] eliminó { $done } de { $total } jobs fallidos
    }
audit-plan-undone =
    { $count ->
        [one] devolver 1 job fallido{ $scope }
       *[other] devolver { $count } jobs fallidos{ $scope }
    }
audit-moved-undone =
    { $total ->
        [one] devolvió { $done } de 1 job fallido
       *[other] devolvió { $done } de { $total } jobs fallidos
    }
audit-plan-other =
    { $count ->
        [one] 1 job fallido{ $scope }
       *[other] { $count } jobs fallidos{ $scope }
    }
audit-moved-other = { $done } de { $total }
audit-scope-error = { " " }de { $error }
audit-scope-incident =
    { $older ->
        [0] { " " }de { $incident }
       *[other] { " " }de { $incident } y los jobs fallidos más antiguos con el mismo error
    }
audit-with-canary = primero { $count } de prueba
audit-with-rate = ritmo { $count }/min
audit-without-copies = sin guardar copias
audit-ended-done = La operación { $operation } de { $who } terminó: { $what }
audit-ended-cancelled = La operación { $operation } de { $who } se canceló: { $what }
audit-ended-stopped = La operación { $operation } de { $who } se detuvo: { $what }
audit-skipped = { $count } sin cambiar
record-name = Registro #{ $number }
label-at = *Cuándo:*
label-role = *Rol:*
label-place = *Dónde:*
label-outcome = *Resultado:*
label-answer = *Respuesta:*
label-request = *Solicitud:*
label-hash = *Hash:*
label-version = *Versión y réplica:*
label-arguments = *Argumentos*
target-failed = job fallido { $id }
target-job = job { $id }
outcome-ok = hecho
outcome-denied = denegado
outcome-refused = rechazado
outcome-no-op = nada que hacer
outcome-failed = con error
outcome-unknown = resultado desconocido
outcome-started = en marcha
outcome-done = terminado
outcome-cancelled = cancelado
outcome-stopped = detenido
possible-repeat = (quizá se publicó dos veces: Slack no confirmó el primer mensaje)
message-given-up =
    { $count ->
        [one] ⚠️ Slack rechazó una vez un mensaje de queue-bot para <#{ $channel }> ({ $reason }). El bot descartó el mensaje para poder publicar los siguientes. En el log del bot aparece como mensaje de salida { $message }.
       *[other] ⚠️ Slack rechazó { $count } veces un mensaje de queue-bot para <#{ $channel }> ({ $reason }). El bot descartó el mensaje para poder publicar los siguientes. En el log del bot aparece como mensaje de salida { $message }.
    }
audit-missing = ⚠️ Registros de auditoría que faltan en la base de datos: { $records }. Ejecuta { $verify } para revisar los demás registros.
audit-untold = Slack rechazó el mensaje sobre estos registros de auditoría: { $records }. { $tail } muestra los registros.
channel-unreachable = ⚠️ queue-bot no puede publicar en <#{ $channel }> ({ $reason }). Los mensajes para ese canal esperan. Invita al bot al canal o elige otro canal.
channel-unreachable-alerts = ⚠️ queue-bot no puede publicar en <#{ $channel }> ({ $reason }). Hasta que alguien lo corrija, el bot publica aquí las alertas de ese canal. Invita al bot a ese canal o elige otro canal.
health-undelivered = ⚠️ { $channel }: { $count ->
        [one] hay 1 mensaje
       *[other] hay { $count } mensajes
    } sin entregar; el más antiguo espera desde hace { $age }.
health-undelivered-because = ⚠️ { $channel }: { $count ->
        [one] hay 1 mensaje
       *[other] hay { $count } mensajes
    } sin entregar; el más antiguo espera desde hace { $age }. Error de Slack: { $error }.
history-title = *Historial*, lo más reciente primero
history-none = Todavía no hay ningún cambio ni rechazo registrado.

## Órdenes e historial
find-title = *Orden*
find-title-subject = *{ $name }*
find-now = Ahora: { $what }
find-now-least = Ahora, como mínimo: { $what }
find-now-unknown = Ahora: ninguno de los fallos más recientes sigue en failed_jobs; la búsqueda no encontró ningún job en la cola.
find-now-nowhere = Ahora: la búsqueda no encontró ni un job fallido ni un job en la cola.
find-now-failed =
    { $count ->
        [one] 1 fallido
       *[other] { $count } fallidos
    }
find-now-pending =
    { $count ->
        [one] 1 disponible
       *[other] { $count } disponibles
    }
find-now-delayed =
    { $count ->
        [one] 1 diferido
       *[other] { $count } diferidos
    }
find-now-reserved =
    { $count ->
        [one] 1 reservado
       *[other] { $count } reservados
    }
find-failed = ❌ *Job fallido { $id }*
find-failed-then = ▫️ job fallido { $id }
find-gone = ▫️ el job fallido { $id } se quitó sin este bot
find-became-job = { $row } → job { $job }
find-bulk = cambio masivo { $operation }
find-kept = el archivo todavía tiene una copia
find-earlier =
    { $count ->
        [one] … y 1 evento anterior
       *[other] … y { $count } eventos anteriores
    }
find-earlier-more =
    { $count ->
        [0] … y otros eventos anteriores
        [one] … y más de 1 evento anterior
       *[other] … y más de { $count } eventos anteriores
    }
find-looked-all =
    { $count ->
        [0] Se buscó en el índice de fallos y en la auditoría; no hay jobs en la cola.
        [one] Se buscó en el único job de la cola, en el índice de fallos y en la auditoría.
       *[other] Se buscó en los { $count } jobs de la cola, en el índice de fallos y en la auditoría.
    }
find-looked-newest =
    { $newest ->
        [one] Se buscó en el índice de fallos, en la auditoría y solo en el job más reciente de la cola.
       *[other] Se buscó en el índice de fallos, en la auditoría y solo en los { $newest } jobs más recientes de la cola.
    }
find-looked-ends = Se buscó en el índice de fallos, en la auditoría y solo en una parte de la cola: los jobs más recientes ({ $newest }) y los más antiguos ({ $oldest }).
find-looked-of =
    { $count ->
        [one] La cola tiene cerca de 1 job.
       *[other] La cola tiene cerca de { $count } jobs.
    }
find-looked-time = ⏱️ La búsqueda llegó a su tiempo límite: pueden faltar algunos resultados.
find-jobs-more = Solo se muestran los jobs más recientes de la cola: hay más.
find-none = No hay ningún job ni ningún registro de esta orden.
find-none-hint = Escribe la orden exactamente como en el payload, con las mismas mayúsculas. El bot guarda los fallos quitados durante 30 días.
find-none-subject = No hay ningún job ni ningún registro de { $subject }.
find-none-hint-subject = Escribe el valor exactamente como en el payload, con las mismas mayúsculas. El bot guarda los fallos quitados durante 30 días.
find-indexing = ⏳ El índice de fallos aún no contiene todos los fallos anteriores: pueden faltar algunos fallos.
fate-as = { $word } (job fallido { $id })
fate-by = { $word } ({ $how } de { $by })
fate-unknown = resultado desconocido
retries =
    { $count ->
        [one] Reintentada 1 vez: { $who }.
       *[other] Reintentada { $count } veces: { $who }.
    }
retries-least =
    { $count ->
        [one] Reintentada al menos 1 vez: { $who }.
       *[other] Reintentada al menos { $count } veces: { $who }.
    }
retries-by = { $who } { $count }
retries-last = Último resultado: { $became }.
history-none-here = Ningún registro coincide.
history-narrow = Puede haber registros más antiguos. Para acotar la lista: { $filters }
history-record = Todos los detalles de un registro: { $command }
button-older = Registros anteriores
button-order = Ver la orden
link-logs = Logs de este job
button-subject = Ver { $name } { $value }
help-find = todo sobre una orden, o sobre una tienda
help-find-subjects = todo sobre uno de estos datos: { $subjects }
problem-one-order = Hace falta exactamente una orden
problem-one-subject = Indica exactamente uno de estos: { $expected }

## Personas y ayuda
whoami-role = Eres { $who }; tu rol es *{ $role }*.
whoami-rule = El rol viene de la regla { $rule }.
whoami-none = Ninguna regla te da un rol.
whoami-changes-here = Aquí se permiten los cambios de tu rol.
whoami-changes-elsewhere = Aquí no se permiten cambios, solo en { $channels }.
whoami-changes-nowhere = No se permiten cambios en ningún canal.
whoami-may = Puedes ejecutar: { $commands }
help-title = *Lo que puedes hacer*
help-row = { $usage } — { $what }
help-foot = Donde dice ID… puedes escribir varios ids: { $ids }. Un valor con espacios va entre comillas: { $quoted }.
help-other = un comando sin descripción
help-group-view = *Ver*
help-group-change = *Reintentar y eliminar*
help-group-alerts = *Alertas*
help-group-administration = *Administración*
help-more = Detalles y ejemplos de un comando: { $example }
help-examples = *Ejemplos*
help-aliases = Otros nombres: { $names }
help-role = Rol mínimo: { $role }
help-pages = limit= es la cantidad de filas que el bot lee. Un mensaje de Slack muestra { $rows } de esas filas; la terminal muestra todas.
help-status = cantidad de jobs en cada cola y el job en espera más antiguo
help-jobs = jobs en la cola
help-failed = jobs que fallaron definitivamente
help-job = detalles de un job
help-failed-job = detalles de un job fallido, con su excepción
help-retry = devolver jobs fallidos a la cola
help-retry-all = devolver todos los jobs fallidos a la cola, con vista previa
help-delete = eliminar jobs de la cola
help-delete-failed = eliminar jobs fallidos sin reintento
help-clear-failed = eliminar todos los jobs fallidos, con vista previa
help-cancel = cancelar un cambio masivo al terminar su lote actual; los operadores solo pueden cancelar los propios
help-history = los cambios y los comandos rechazados, y quién los ejecutó
help-whoami = tu rol aquí, y la regla que te lo da
help-help = todos los comandos, o uno con su uso y ejemplos

## Respuestas de la app misma
working = ⏳ Esto toma un momento; la respuesta aparecerá aquí.
not-known-yet = ⏳ El bot todavía no sabe si el cambio se hizo. La respuesta aparecerá aquí y en el canal de auditoría. Por favor, no repitas el clic ni el comando.
modal-result = Resultado
modal-close = Cerrar
modal-too-late = Slack tardó demasiado en abrir el diálogo. No se cambió nada; inténtalo de nuevo.

## Rechazos: oraciones sin punto final, como las de la API de la cola
refusal-lead = { $mark } { $sentence }.
refusal-question = { $mark } { $sentence }
refusal-times-off =
    { $direction ->
        [earlier] No se pueden filtrar los fallos por hora: el failed_at de los fallos nuevos está { $offset } atrasado. No se cambió nada. Pon en QUEUE_BOT_TIME_ZONE la zona horaria en la que los workers escriben failed_at
       *[later] No se pueden filtrar los fallos por hora: el failed_at de los fallos nuevos está { $offset } adelantado. No se cambió nada. Pon en QUEUE_BOT_TIME_ZONE la zona horaria en la que los workers escriben failed_at
    }
refusal-refused = El comando se rechazó: { $code }
refusal-usage = Uso: { $usage }
refusal-holders =
    { $more ->
        [0] Quién puede: { $names }
       *[other] Quién puede: { $names } y { $more } más
    }
refusal-holders-none = Nadie tiene este rol todavía.
refusal-ask =
    { $more ->
        [0] El rol { $role } se pide a { $names }.
       *[other] El rol { $role } se pide a { $names } o a { $more } más.
    }
refusal-channels =
    { $more ->
        [0] Los cambios se permiten en: { $names }
       *[other] Los cambios se permiten en: { $names } y { $more } más
    }
refusal-channels-none = Ningún canal permite cambios todavía.
refusal-queues = Colas que el bot puede cambiar: { $queues }
refusal-unknown-command = No existe el comando { $word }. ¿Quisiste decir { $nearest }?
refusal-person-ambiguous = Varias personas se llaman { $name }: { $people }. Menciona a una de ellas con @
refusal-person-not-found = No se encontró a nadie llamado { $name }. Menciona a la persona, como en user=@ana
refusal-denied = No permitido: hace falta el rol { $needed }, { $has ->
        [ninguno] y no tienes ningún rol
       *[other] y el tuyo es { $has }
    }. No se cambió nada
refusal-denied-many = No permitido: son { $total } jobs fallidos. Para reintentar más de { $most } a la vez hace falta el rol { $needed }; el tuyo es { $has }. No se cambió nada. Con limit={ $most } puedes reintentar los { $most } más antiguos
refusal-denied-recent = No permitido: ya reintentaste { $recent } jobs fallidos, y el rol { $has } puede reintentar { $most } en { $minutes } min. Para reintentar { $total } más hace falta el rol { $needed }. No se cambió nada
refusal-not-member = No permitido: { $why }. No se cambió nada
not-member-foreign = la cuenta es de otro espacio de trabajo
not-member-deactivated = la cuenta está desactivada
not-member-bot = los bots no pueden usar esto
not-member-guest = las cuentas invitadas no pueden usar esto
not-member-other = la cuenta no es de un miembro completo de este espacio de trabajo
refusal-wrong-channel =
    { $place ->
        [shared] No se permiten cambios en un canal compartido con otra empresa. No se cambió nada
       *[other] Aquí no se permiten cambios. No se cambió nada
    }
refusal-wrong-queue = El bot no puede cambiar la cola { $queue }. No se cambió nada
refusal-wrong-queue-all = El comando abarca todas las colas, pero el bot solo puede cambiar algunas. No se cambió nada; indica una cola con queue=
refusal-unverifiable = No se pudo verificar tu rol, porque Slack no respondió. No se cambió nada; inténtalo de nuevo en un minuto
refusal-job-not-found = Job { $id } no encontrado: ya fue procesado o pasó a fallidos
refusal-job-not-found-retried = Job { $id } no encontrado: ya fue reintentado por { $by } a las { $at }
refusal-job-not-found-deleted = Job { $id } no encontrado: ya fue eliminado por { $by } a las { $at }
refusal-job-not-found-undone = Job { $id } no encontrado: { $by } deshizo su reintento a las { $at }
refusal-failed-job-not-found = No hay un job fallido { $id }
refusal-failed-job-not-found-retried = Job fallido { $id } no encontrado: ya fue reintentado por { $by } a las { $at }
refusal-failed-job-not-found-deleted = Job fallido { $id } no encontrado: ya fue eliminado por { $by } a las { $at }
refusal-maybe-order = ¿Una orden? { $command }
refusal-maybe-subject = ¿Es { $subject }? { $command }
refusal-changed = El job { $id } ya no es el job que se mostró. El job { $id } no se cambió; actualiza la lista e inténtalo de nuevo
refusal-plan-expired =
    { $action ->
        [cancel] Esta operación ya no está en curso
       *[other] Esta confirmación venció o ya se usó. No se cambió nada; empieza de nuevo
    }
refusal-count-mismatch = No escribiste { $expected }, el número que se mostró. No se cambió nada
refusal-nothing-to-do = No se cambió nada
refusal-operation-running = { $by } ya está ejecutando { $command } en la misma cola. No se cambió nada; espera a que termine esa operación
refusal-still-running = { $command } no ha terminado en esta terminal. Hechos en la última revisión: { $done } de { $total }. Un bot en marcha continúa la operación { $operation }
refusal-unfinished = { $command } terminó antes de tiempo. Hechos: { $done } de { $total }. Los jobs restantes no se cambiaron
refusal-request-id-used = Este id de solicitud ya se usó para otra solicitud. No se cambió nada; elige otro id
refusal-too-many =
    { $most ->
        [one] Enviaste más de 1 comando en un minuto. No se cambió nada; inténtalo de nuevo en { $seconds } s
       *[other] Enviaste más de { $most } comandos en un minuto. No se cambió nada; inténtalo de nuevo en { $seconds } s
    }
refusal-too-many-previews =
    { $most ->
        [one] Pediste más de 1 vista previa en un minuto. No se cambió nada; inténtalo de nuevo en { $seconds } s
       *[other] Pediste más de { $most } vistas previas en un minuto. No se cambió nada; inténtalo de nuevo en { $seconds } s
    }
refusal-busy = La base de datos está ocupada. No se cambió nada; inténtalo de nuevo
refusal-database-down = No hay conexión con la base de datos. No se cambió nada
refusal-outcome-unknown = La base de datos no confirmó si el cambio se hizo. Revisa la cola antes de intentarlo otra vez. La misma solicitud nunca se ejecuta dos veces
refusal-audit-key-missing = Esta réplica no tiene la clave de la auditoría, así que los cambios están desactivados. No se cambió nada
refusal-read-only = Los cambios están desactivados: la base de datos no los permite ahora. No se cambió nada
bug =
    { $nothing_changed ->
        [1] ⚠️ El bot tuvo un error interno. No se cambió nada. El log del bot tiene el error como { $bug }.
       *[other] ⚠️ El bot tuvo un error interno. Revisa la cola antes de intentarlo otra vez. El log del bot tiene el error como { $bug }.
    }

## Motivos en pocas palabras, para la auditoría
reason-refused = rechazado
reason-unknown-command = no existe el comando
reason-invalid = argumentos no válidos
reason-denied = falta el rol
reason-not-member = no es miembro completo del espacio de trabajo
reason-wrong-channel = en ese canal no se permiten cambios
reason-wrong-queue = el bot no puede cambiar esa cola
reason-unverifiable = no se pudo verificar el rol
reason-job-not-found = job no encontrado
reason-failed-job-not-found = job fallido no encontrado
reason-changed = la fila había cambiado
reason-plan-expired = la confirmación había vencido
reason-count-mismatch = se escribió otro número
reason-nothing-to-do = nada que hacer
reason-operation-running = había otro cambio masivo en curso
reason-unfinished = terminó antes de tiempo
reason-still-running = la operación seguía en curso
reason-canary-failed = uno de los primeros jobs volvió a fallar
reason-canary-silent = los primeros jobs no se procesaron a tiempo: ¿están corriendo los workers?
reason-canary-gone = se quitó uno de los primeros jobs
reason-batch-failed = falló un lote; el log muestra la causa
reason-request-id-used = otra solicitud tenía este id
reason-too-many = demasiadas solicitudes en un minuto
reason-busy = la base de datos estaba ocupada
reason-database-down = no había conexión con la base de datos
reason-outcome-unknown = la base de datos no confirmó
reason-audit-key-missing = faltaba la clave de la auditoría
reason-read-only = los cambios estaban desactivados

## Grupos de error
button-retry-group = Reintentar grupo…
scope-since = { " " }desde { $at }
errors-title = *Errores*{ $scope }, primero los de más jobs fallidos
errors-none = ✅ No hay errores{ $scope }.
errors-period = El bot cuenta los fallos por hora y, pasadas 24 h, por día. Estas cantidades son desde { $since }, no desde { $asked }.
errors-totals = Jobs fallidos: { $failed } · Grupos de error: { $groups }
errors-indexing = ⚠️ El índice de fallos aún no contiene todos los fallos anteriores; aquí faltan algunos fallos.
error-row = *{ $error }*
error-title = *Grupo de error { $error }*
error-name = Grupo de error { $error }
error-failed =
    { $count ->
        [0] ningún job fallido
        [one] 1 job fallido
       *[other] { $count } jobs fallidos
    }
error-appeared =
    { $count ->
        [one] 1 fallo en este período
       *[other] { $count } fallos en este período
    }
error-queue = { $queue } ({ $count })
error-more-queues =
    { $count ->
        [one] y 1 cola más
       *[other] y { $count } colas más
    }
error-first = primer fallo { $at }
error-last = último fallo { $at }
error-orders =
    { $count ->
        [one] orden { $orders }
       *[other] órdenes { $orders }
    }
error-bleeding =
    { $count ->
        [one] 🔴 sigue fallando: 1 fallo en los últimos { $minutes } min
       *[other] 🔴 sigue fallando: { $count } fallos en los últimos { $minutes } min
    }
error-bleeding-many = 🔴 sigue fallando: { $count } o más fallos en los últimos { $minutes } min
error-pile = ⚪ ningún fallo nuevo desde hace { $age }
error-bar = fallos en las últimas { $hours } h: { $bar } { $count }
error-hours = fallos en las últimas { $hours } h: { $count } (por hora: { $figures })
label-seen = *Visto:*
label-orders = *Órdenes de los jobs fallidos más recientes:*
label-subjects = *Datos de los jobs fallidos más recientes:*
label-in-common = *Texto común de los errores*
label-example = *La excepción más reciente* (datos secretos ocultos)
label-newest-failures = *Jobs fallidos más recientes de este grupo*
error-none-left = Ninguno de los fallos más recientes de este grupo sigue en failed_jobs.
help-errors = fallos según su causa, y si siguen ocurriendo
help-doctor = comprueba la configuración, Slack, la base de datos y el trabajo del bot; dice qué hacer
help-error = detalles de un grupo de error
refusal-error-group-not-found = No existe el grupo de error { $id }: sus fallos se quitaron, o nunca existió
reason-error-group-not-found = grupo de error no encontrado
problem-group = { $value } no es un grupo de error como E12
problem-since = { $field } puede ser a lo sumo { $value }: las horas anteriores no se guardan por separado

## Qué tiene de malo un argumento
problem-unknown-key = No existe el argumento { $field }
problem-twice = { $field } aparece dos veces
problem-extra-word = Sobra la palabra { $value }
problem-too-long = El comando es demasiado largo: se permiten a lo sumo { $expected } caracteres
problem-quote = Falta cerrar una comilla
problem-missing = Falta un argumento: { $field }
problem-less_than_equal = { $field } puede ser a lo sumo { $expected }, no { $value }
problem-greater_than_equal = { $field } debe ser al menos { $expected }, no { $value }
problem-literal_error = { $field } debe ser { $expected }, no { $value }
problem-int_parsing = { $field } debe ser un número entero, no { $value }
problem-string_too_long = { $field } es demasiado largo
problem-id = { $value } no es un id
problem-id-zero = Los ids empiezan en 1
problem-id-group = ¿Quisiste decir { $value }?
problem-range = { $value } no es un rango de a lo sumo 20 ids
problem-range-many = { $value } no es un rango de a lo sumo 1000 ids
problem-count = Se pueden indicar de 1 a 20 ids a la vez, no { $value }
problem-count-many = Se pueden indicar de 1 a 1000 ids a la vez, no { $value }
problem-one = Hace falta exactamente un id
problem-no-value = Falta el valor de { $field }
problem-bool_parsing = { $field } debe ser yes o no, no { $value }
problem-age = { $value } no es una duración como 30m, 12h o 7d
problem-period = { $value } no es un momento como 30m, 24h, ayer o lunes
problem-old-button = Este botón es de otra versión del bot. Pide la lista de nuevo
problem-other = { $field } no puede ser { $value }

### Elegir de qué trata un cambio masivo, y cómo va
scope-error = { " " }con el error { $error }
scope-incident = { " " }del incidente { $incident }
scope-order = { " " }de la orden { $order }
scope-tienda = { " " }de la tienda { $tienda }
scope-subject = { " " }de { $subject }
scope-after = { " " }con fallo desde { $at }
scope-limit = { " " }(como máximo { $count }, primero los más antiguos)
scope-between = { " " }con fallo desde { $from } y antes de { $at }
bulk-title-retry = Reintentar fallidos
bulk-submit-retry = Reintentar { $count }
bulk-submit-retry-long =
    { $count ->
        [one] Reintentar 1 job
       *[other] Reintentar { $count } jobs
    }
label-samples = *Los jobs más recientes*
bulk-submit-chosen = Reintentar
bulk-older = ¿Qué jobs fallidos reintentar?
bulk-older-without =
    { $count ->
        [one] Solo los jobs fallidos del incidente: 1 job
       *[other] Solo los jobs fallidos del incidente: { $count } jobs
    }
bulk-older-with =
    { $count ->
        [one] También los jobs más antiguos del error: 1 job
       *[other] También los jobs más antiguos del error: { $count } jobs
    }
bulk-older-count =
    { $count ->
        [one] 1 job fallido más antiguo tiene el mismo error. El incidente no incluye ese job.
       *[other] { $count } jobs fallidos más antiguos tienen el mismo error. El incidente no incluye esos jobs.
    }
bulk-rate = Ritmo
bulk-rate-option =
    { $count ->
        [0] Sin límite: tan rápido como los workers
        [one] 1 job por minuto
       *[other] { $count } jobs por minuto
    }
bulk-canary = ¿Reintentar antes algunos?
bulk-canary-option =
    { $count ->
        [0] No, reintentar todos a la vez
        [one]
            { $source ->
                [largest] Primero 1 job (del mayor de { $errors } errores); el resto si se procesa
               *[one] Primero 1 job; el resto si ese job se procesa
            }
       *[other]
            { $source ->
                [largest] Primero { $count } jobs (de los { $count } mayores de { $errors } errores); luego el resto
                [each] Primero { $count } jobs (de los { $errors } errores); el resto si se procesan
               *[one] Primero { $count } jobs; el resto si esos se procesan
            }
    }
bulk-note-rate =
    { $count ->
        [one] Como máximo 1 job por minuto: el último job empieza después de { $age }.
       *[other] Como máximo { $count } jobs por minuto: el último job empieza después de { $age }.
    }
bulk-note-canary =
    { $count ->
        [one]
            { $source ->
                [largest] Primero se reintenta 1 job, del mayor de { $errors } errores. Los jobs restantes siguen solo si ese job se procesa.
               *[one] Primero se reintenta 1 job. Los jobs restantes siguen solo si ese job se procesa.
            }
       *[other]
            { $source ->
                [largest] Primero se reintentan { $count } jobs, uno por cada uno de los { $count } mayores de { $errors } errores. Los jobs restantes siguen solo si esos se procesan.
                [each] Primero se reintentan { $count } jobs, de los { $errors } errores. Los jobs restantes siguen solo si esos se procesan.
               *[one] Primero se reintentan { $count } jobs. Los jobs restantes siguen solo si esos se procesan.
            }
    }
bulk-queued =
    { $count ->
        [one] ⚠️ La orden de 1 de estos jobs fallidos ya tiene un job en la cola: { $orders }
       *[other] ⚠️ Las órdenes de { $count } de estos jobs fallidos ya tienen un job en la cola: { $orders }
    }
bulk-processed-later =
    { $count ->
        [one] ⚠️ Un job reintentado ya procesó la orden de 1 de estos jobs fallidos: { $orders }
       *[other] ⚠️ Jobs reintentados ya procesaron las órdenes de { $count } de estos jobs fallidos: { $orders }
    }
bulk-queued-subject =
    { $count ->
        [one] ⚠️ 1 de estos jobs fallidos tiene el mismo valor de { $name } que un job de la cola: { $values }
       *[other] ⚠️ { $count } de estos jobs fallidos tienen el mismo valor de { $name } que un job de la cola: { $values }
    }
bulk-processed-later-subject =
    { $count ->
        [one] ⚠️ 1 de estos jobs fallidos tiene el mismo valor de { $name } que un job reintentado que se procesó después: { $values }
       *[other] ⚠️ { $count } de estos jobs fallidos tienen el mismo valor de { $name } que un job reintentado que se procesó después: { $values }
    }
bulk-identical =
    { $count ->
        [one] ⚠️ 1 de estos jobs tiene el mismo payload que otro de estos jobs.
       *[other] ⚠️ { $count } de estos jobs tienen el mismo payload que otro de estos jobs.
    }
bulk-duplicates-bounded = Solo se revisaron los jobs más recientes en busca de duplicados.
bulk-children = ⚠️ La base de datos también borra o modifica las filas de { $tables } que dependen de estos jobs. Al deshacer no se recuperan esas filas.
bulk-note-codeigniter_queue = Cada job conserva su prioridad. Los jobs de otros handlers, como redis, se omiten y se nombran.
bulk-note-laravel = Si el plazo de un job (retryUntil) venció, el reintento fija un plazo nuevo de la misma duración, o quita el plazo. Los jobs de otras conexiones se omiten y se nombran.
bulk-batch-cancelled =
    { $count ->
        [one] ⚠️ 1 de estos jobs es de un lote cancelado: el worker terminará el job sin trabajar.
       *[other] ⚠️ { $count } de estos jobs son de lotes cancelados: los workers terminarán estos jobs sin trabajar.
    }
bulk-batch-unfinished =
    { $count ->
        [one] ⚠️ 1 de estos jobs es de un lote que no terminó. Sin este job, el lote no termina nunca.
       *[other] ⚠️ { $count } de estos jobs son de lotes que no terminaron. Sin estos jobs, esos lotes no terminan nunca.
    }
bulk-batches-unknown = No se revisaron los lotes de estos jobs, porque la revisión tardaba demasiado.
progress-attempts =
    { $count ->
        [one] Los intentos en el payload de 1 job vuelven a ser 0.
       *[other] Los intentos en los payloads de { $count } jobs vuelven a ser 0.
    }
progress-deadline-moved =
    { $count ->
        [one] El plazo (retryUntil) de 1 job había vencido. El reintento fijó un plazo nuevo: el job tiene tanto tiempo como después de su creación.
       *[other] Los plazos (retryUntil) de { $count } jobs habían vencido. El reintento fijó plazos nuevos: cada job tiene tanto tiempo como después de su creación.
    }
progress-deadline-removed =
    { $count ->
        [one] El plazo (retryUntil) de 1 job había vencido. El reintento lo quitó, porque el payload no dice cuándo se creó el job.
       *[other] Los plazos (retryUntil) de { $count } jobs habían vencido. El reintento los quitó, porque los payloads no dicen cuándo se crearon los jobs.
    }
bulk-final = ⚠️ *No se guardan copias:* esto no se puede deshacer.
bulk-ids-missing =
    { $count ->
        [one] ⚠️ 1 de los ids no está incluido: ya no es un job fallido, o no coincide con los demás filtros.
       *[other] ⚠️ { $count } de los ids no están incluidos: ya no son jobs fallidos, o no coinciden con los demás filtros.
    }
progress-rate =
    { $count ->
        [one] Empieza como máximo 1 job por minuto.
       *[other] Empiezan como máximo { $count } jobs por minuto.
    }
problem-retry-what = Indica qué reintentar: ids como 45 46 50-60, o incident=I12, error=E12, queue=, before=, after=, o un dato: { $expected }. Para reintentar todo, usa retry-all
problem-canary-of-one = Para probar antes con algunos se necesitan varios jobs, y solo hay 1. Reintenta ese job sin canary=
problem-when = { $value } no es un momento como 2h, ayer, 2025-11-07 o 2025-11-07T17:45
problem-rate = { $value } no es un ritmo como 60/min, 10/s o 600/h

### El resumen
help-digest = jobs procesados y fallidos desde el último resumen, e incidentes activos
digest-title = *Resumen: { $day }*
digest-title-days = *Resumen: { $first } – { $last }*
digest-zone = Días en la zona horaria { $zone }.
digest-unknown = desconocido
digest-count = { $count }
digest-at-least = al menos { $count }
digest-change = { $change } frente a la semana anterior ({ $before })
digest-before = semana anterior: { $before }
digest-before-at-least = semana anterior: al menos { $before }
digest-change-unknown = semana anterior: –
digest-label-processed = *Procesados*
digest-label-failed = *Fallidos*
digest-label-retried = *Reintentados*
digest-label-deleted = *Eliminados*
digest-deed = { $who } { $count }
digest-others =
    { $count ->
        [one] 1 persona más
       *[other] { $count } personas más
    }
digest-label-slow = *Esperas más largas*
digest-waited = { $at }: un job de { $queue } había esperado { $age }
digest-backlog =
    { $count ->
        [one] { $at }: 1 job pendiente, la cantidad máxima
       *[other] { $at }: { $count } jobs pendientes, la cantidad máxima
    }
digest-nothing-slow = Ningún job esperó.
digest-label-incidents = *Incidentes*
digest-opened =
    { $count ->
        [0] ninguno activado en este período
        [one] 1 activado en este período
       *[other] { $count } activados en este período
    }
digest-opened-more =
    { $count ->
        [one] más de 1 activado
       *[other] más de { $count } activados
    }
digest-over =
    { $count ->
        [one] 1 de ellos se resolvió, en { $age }
       *[other] { $count } de ellos se resolvieron, la mitad de los resueltos en { $age } o menos
    }
digest-open-now =
    { $count ->
        [0] ahora ninguno activo
        [one] ahora 1 activo
       *[other] ahora { $count } activos
    }
digest-lasted = { $name } duró { $age }
digest-open-for = { $name }: activo desde { $at }
digest-incident = { $id } { $what }
digest-rule-new_failures = fallos nuevos
digest-rule-summary = muchos fallos a la vez
digest-rule-oldest_job = el job más antiguo esperó demasiado
digest-rule-stuck_jobs = job reservado demasiado tiempo
digest-rule-failed_count = muchos jobs fallidos
digest-rule-backlog_growth = la cola crece
digest-rule-no_worker_activity = sin actividad de los workers
digest-rule-background_problem = un problema del propio queue-bot
digest-label-errors = *Grupos de error con jobs fallidos*
digest-errors =
    { $groups ->
        [0] ninguno
        [one] 1, jobs fallidos: { $failed }
       *[other] { $groups }, jobs fallidos: { $failed }; los mayores:
    }
digest-error = *{ $error }* { $count }
digest-gap = Sin muestras durante { $age }: las cantidades basadas en muestras están incompletas.
digest-no-samples = No hay muestras de estos días.
digest-began = El monitoreo empezó { $at }; no hay datos anteriores a ese momento.

### La gráfica

chart-none = Aún no hay datos de este período. El bot en marcha toma una muestra cada pocos segundos.
chart-day-title =
    { $hours ->
        [one] *Última hora*
       *[other] *Últimas { $hours } horas*
    }
chart-day-pending = jobs pendientes, como máximo { $count }
chart-day-processed = jobs procesados, cerca de { $count }
chart-day-processed-unknown = jobs procesados: cantidad desconocida
chart-day-failures = fallos nuevos: { $count }
chart-missing = Sin datos durante { $age } de este período.
chart-title-day = *Las últimas 24 horas*: { $scope }
chart-title-week = *Los últimos 7 días*: { $scope }
chart-all = todas las colas
chart-queued = Jobs en la cola
chart-failures = Fallos nuevos
chart-bars-processed = jobs procesados, como máximo { $most } por barra
chart-bars-failed = jobs fallidos, como máximo { $most }
chart-bars-oldest = job en espera más antiguo, como máximo { $most }
chart-axis = { $zone }
chart-series-pending = pendientes
chart-series-reserved = reservados
chart-series-failures = fallos nuevos
chart-line = { $at }: { $figures }
chart-line-gap = { $at }: sin datos
chart-part-pending = pendientes { $count }
chart-part-reserved = reservados { $count }
chart-part-failed = fallidos { $count }
chart-part-processed = procesados { $count }
chart-part-failures = fallos nuevos { $count }
chart-part-oldest = más antiguo { $age }
chart-sum-processed =
    { $count ->
        [one] cerca de 1 procesado
       *[other] cerca de { $count } procesados
    }
chart-sum-failures = fallos nuevos: { $count }
chart-most-pending = máximo de jobs pendientes: { $count }
chart-most-oldest = espera máxima del job más antiguo: { $age }
chart-processed-unknown = No se conoce la cantidad de jobs procesados de todo el período, porque el contador de la tabla no la muestra.
chart-processed-of-all = La cantidad de jobs procesados solo se conoce para todas las colas juntas.
chart-how = Pendientes, reservados y fallidos: la cantidad máxima de cada intervalo. Procesados: la cantidad aproximada de jobs que salieron de la cola sin fallar. Horas: { $zone }.
help-chart = las últimas 24 horas o los últimos 7 días en gráficas
problem-span = { $value } no es un período de la gráfica: 24h o 7d



### Inicio de la app
home-title = Tablero de la cola
welcome = 👋 *Te damos la bienvenida, { $who }.* Esta página muestra primero los problemas de la cola, y luego sus totales y sus jobs fallidos.
welcome-viewer = Tu rol es *lector*: puedes ver jobs, fallos, alertas y el historial de cambios.
welcome-operator = Tu rol es *operador*: puedes ver todo, reintentar jobs fallidos, deshacer tus cambios, y reconocer, asignar y silenciar alertas.
welcome-admin = Tu rol es *administrador*: puedes ver y reintentar todo, eliminar jobs y congelar los cambios.
welcome-alerts = Las alertas se publican en <#{ $channel }>.
welcome-changes = Los cambios se permiten en: { $places }
welcome-home = esta página
welcome-help = { $command } muestra tus comandos. En un mensaje directo con el bot, escribe un comando sin la barra: help
home-wrong =
    { $count ->
        [one] 🔴 1 incidente activo
       *[other] 🔴 { $count } incidentes activos
    }
home-look = 🟠 No hay incidentes activos, pero revisa las advertencias de abajo
home-unwell = 🟠 No hay incidentes activos, pero el propio queue-bot tiene un problema
home-well = 🟢 No hay incidentes activos
home-as-of = Datos de { $at }
home-role = tu rol: { $role }
home-counted = totales contados a las { $at }
home-refresh = Actualizar
home-unfreeze = Descongelar
home-acknowledge = Reconocer
home-incident = 🔴 *{ $id }* { $what }
home-incident-known = 🟠 *{ $id }* { $what }
home-rule-new_failures = Fallos nuevos
home-rule-summary = Muchos fallos en poco tiempo
home-since = desde { $at }
home-failures =
    { $count ->
        [one] 1 job fallido, { $left } sin reintentar
       *[other] { $count } jobs fallidos, { $left } sin reintentar
    }
home-more-incidents =
    { $count ->
        [one] Hay 1 incidente activo más.
       *[other] Hay { $count } incidentes activos más.
    }
home-oldest-label = *Job en espera más antiguo*
home-failed-label = *Fallidos*
home-available-label = *Disponibles*
home-reserved-label = *Reservados*
home-delayed-label = *Diferidos*
home-groups-label = *Grupos de error*
home-oldest = { $age } · { $queue }
home-oldest-late = ⚠️ { $age } · { $queue }
home-none-waits = ✅ ninguno
home-some = { $count }
home-many = ⚠️ { $count }
home-late-note = ⚠️ Un job disponible lleva más de { $limit } en espera: ¿están corriendo los workers?
home-uncounted = ❓ Todavía no se conocen los totales: las tablas son grandes, y el primer conteo está en curso en segundo plano.
home-queues = Colas
home-queue = { $queue }
home-queue-late = { $queue } ⚠️ job en espera más antiguo: { $age }
home-day = Últimas 24 horas
home-errors = Errores, primero los de más jobs fallidos
home-failed = Jobs fallidos, los más recientes primero
home-queue-available =
    { $count ->
        [one] 1 disponible
       *[other] { $count } disponibles
    }
home-queue-reserved =
    { $count ->
        [one] 1 reservado
       *[other] { $count } reservados
    }
home-queue-delayed =
    { $count ->
        [one] 1 diferido
       *[other] { $count } diferidos
    }
home-errors-late = ❓ No se pudieron leer a tiempo los grupos de error. Actualiza para intentarlo de nuevo.
home-failed-late = ❓ No se pudieron leer a tiempo los jobs fallidos. Actualiza para intentarlo de nuevo.

### Lo que se vigila además de los fallos

rule-oldest-job = ⏳ *{ $queue }:* el job más antiguo lleva { $age } en espera; el límite es { $limit }.
rule-oldest-job-over = ⏳ *{ $queue }:* ya no hay jobs en espera.
rule-no-worker-activity = 🔕 *{ $queue }:* los workers dejaron de tomar jobs. Ningún job empezó ni terminó durante { $age }.
rule-worker-pool =
    { $count ->
        [one] 🔕 *1 cola:* los workers dejaron de tomar jobs.
       *[other] 🔕 *{ $count } colas:* los workers dejaron de tomar jobs.
    }
rule-worker-pool-over =
    { $count ->
        [one] 🔕 *1 cola:* los workers habían dejado de tomar jobs y ahora vuelven a tomarlos.
       *[other] 🔕 *{ $count } colas:* los workers habían dejado de tomar jobs y ahora vuelven a tomarlos.
    }
rule-worker-pool-queue =
    { $count ->
        [one] • *{ $queue }:* ningún job empezó ni terminó durante { $age }; 1 job en espera
       *[other] • *{ $queue }:* ningún job empezó ni terminó durante { $age }; { $count } jobs en espera
    }
rule-worker-pool-queue-over =
    { $count ->
        [0] • *{ $queue }:* no hay jobs en espera
        [one] • *{ $queue }:* los workers vuelven a tomar jobs; 1 job en espera
       *[other] • *{ $queue }:* los workers vuelven a tomar jobs; { $count } jobs en espera
    }
rule-no-worker-activity-over = 🔕 *{ $queue }:* los workers habían dejado de tomar jobs y ahora vuelven a tomarlos.
rule-no-worker-activity-empty = 🔕 *{ $queue }:* los workers habían dejado de tomar jobs y ahora no hay jobs en espera.
rule-no-worker-activity-oldest = El job más antiguo lleva { $age } en espera.
rule-waiting =
    { $counted ->
        [exact] { $count ->
            [one] Hay 1 job en espera.
           *[other] Hay { $count } jobs en espera.
        }
        [about] { $count ->
            [one] Hay cerca de 1 job en espera.
           *[other] Hay cerca de { $count } jobs en espera.
        }
       *[least] { $count ->
            [one] Hay al menos 1 job en espera; la cola es demasiado larga para revisarla completa.
           *[other] Hay al menos { $count } jobs en espera; la cola es demasiado larga para revisarla completa.
        }
    }
rule-workers-still = Ningún job empezó ni terminó durante { $age }.
rule-workers-slow = Los workers están activos (última actividad hace { $age }), pero son muy lentos: agrega workers o acelera los jobs.
rule-workers-moving = Los workers están activos (última actividad hace { $age }).
rule-workers-busy =
    { $count ->
        [one] Los workers están ocupados con 1 job.
       *[other] Los workers están ocupados con { $count } jobs.
    }
rule-workers-unknown = Revisando si los workers están activos …
rule-stuck-jobs =
    { $counted ->
        [exact] { $count ->
            [one] 🔒 *{ $queue }:* 1 job lleva reservado más de { $limit }.
           *[other] 🔒 *{ $queue }:* { $count } jobs llevan reservados más de { $limit }.
        }
       *[least] { $count ->
            [one] 🔒 *{ $queue }:* al menos 1 job lleva reservado más de { $limit }.
           *[other] 🔒 *{ $queue }:* al menos { $count } jobs llevan reservados más de { $limit }.
        }
    }
rule-stuck-jobs-over = 🔒 *{ $queue }:* ningún job sigue reservado por más de { $limit }.
rule-stuck-jobs-job = job { $id }: { $age }
rule-stuck-jobs-timeout = ⚠️ Este límite, { $limit }, es menor que el tiempo límite de los workers, { $timeout }: un job que solo es lento activa esta alerta.
rule-more = y { $count } más
rule-failed-count =
    { $count ->
        [one] 🧱 *1 job fallido*; el límite es { $limit }.
       *[other] 🧱 *{ $count } jobs fallidos*; el límite es { $limit }.
    }
rule-failed-count-fewer = 🧱 *Jobs fallidos:* { $count }; el límite es { $limit }.
rule-failed-count-group =
    { $count ->
        [one] { $error }: 1 · { $name }
       *[other] { $error }: { $count } · { $name }
    }
rule-failed-count-hint = Busca el error que los jobs tienen en común ({ $errors }), corrígelo y reintenta todos los jobs fallidos.
rule-backlog-growth =
    { $counted ->
        [exact] { $count ->
            [one] 📈 *{ $queue }:* hay 1 job en espera.
           *[other] 📈 *{ $queue }:* hay { $count } jobs en espera.
        }
       *[about] { $count ->
            [one] 📈 *{ $queue }:* hay cerca de 1 job en espera.
           *[other] 📈 *{ $queue }:* hay cerca de { $count } jobs en espera.
        }
    }
rule-backlog-growth-empty = 📈 *{ $queue }:* ya no hay jobs en espera.
rule-backlog-growth-grown =
    { $grown ->
        [one] Es 1 job más que hace { $minutes } min, y la cola sigue creciendo.
       *[other] Son { $grown } jobs más que hace { $minutes } min, y la cola sigue creciendo.
    }
rule-backlog-growth-more =
    { $grown ->
        [one] Es 1 job más que hace { $minutes } min.
       *[other] Son { $grown } jobs más que hace { $minutes } min.
    }
rule-backlog-growth-over = La cola ya no crece.
rule-backlog-growth-hint = Los jobs llegan más rápido de lo que los workers los procesan: ¿están corriendo todos los workers?, ¿tardan los jobs más de lo normal?
rule-peak = Valor máximo de este incidente: { $figure }.
rule-background-problem = 🩺 *queue-bot:* { $part } no funciona.
rule-background-problem-over = 🩺 *queue-bot:* { $part } vuelve a funcionar.


### Alertas que alguien atiende, o de las que nadie quiere avisos por un rato
what-new_failures = fallos nuevos de *{ $error }*
what-oldest_job = un job de { $queue } lleva demasiado tiempo en espera
what-stuck_jobs = un job de { $queue } lleva demasiado tiempo reservado
what-failed_count = muchos jobs fallidos
what-backlog_growth = la cola { $queue } crece
what-no_worker_activity = los workers de { $queue } dejaron de tomar jobs
what-background_problem = una parte de queue-bot no funciona
what-summary = muchos fallos en un minuto
what-other = regla de alerta { $rule }
every-queue = todas las colas
mute-of-group = el grupo de error *{ $error }*
mute-of-queue = la cola { $queue }
mute-of-rule = la regla de alerta { $rule }
mute-of-rule-in-queue = la regla de alerta { $rule } de la cola { $queue }
acknowledge-done = 👀 Reconociste *{ $id }*: { $what }. El incidente no se escalará, y su alerta muestra tu nombre.
assign-taken = 👀 Tomaste el incidente *{ $id }*: { $what }. El incidente no se escalará, y su alerta muestra tu nombre.
assign-taken-by = 👀 *{ $by } tomó el incidente { $id }*: { $what }.
assign-done = 👀 *{ $id }* ahora está asignado a { $to }: { $what }. El incidente no se escalará, y su alerta muestra el nombre.
assign-done-by = 👀 *{ $by } asignó { $id }* a { $to }: { $what }.
incident-assigned = 👀 Asignado a { $to } por { $by }, { $at }
incident-taken-over = 👀 Tomado por { $by }, { $at }
button-take-over = Tomar incidente
spoken-assign-id = Tomar incidente { $what }
help-assign = hacer a una persona responsable de un incidente; sin persona, tú tomas el incidente
help-handover = resumen para la próxima guardia: incidentes activos por persona, silencios y cambios masivos en curso
audit-did-assign = { $who } asignó el incidente { $what }
handover-title = *Relevo de guardia*
handover-incidents = *Incidentes activos: { $count }*
handover-incidents-none = No hay incidentes activos.
handover-incident = *{ $id }* { $what }, desde { $since }
handover-nobody = ⚠️ sin responsable
handover-owner = 👀 { $by }, desde { $at }
handover-mutes = *Silencios: { $count }*
handover-mutes-none = No hay nada en silencio.
handover-mute = 🔕 { $topic }, por { $by }, desde { $since }, hasta { $until }
handover-operations = *Cambios masivos en curso: { $count }*
handover-operations-none = No hay ningún cambio masivo en curso.
handover-operation = *{ $id }* { $command }, hechos: { $done } de { $total }, por { $by }, desde hace { $age }
handover-freeze = 🧊 { $by } congeló todos los cambios, { $since }.
handover-more =
    { $count ->
        [one] … y 1 más.
       *[other] … y { $count } más.
    }
acknowledge-done-by = 👀 *{ $by } reconoció { $id }*: { $what }.
acknowledge-all-done =
    { $count ->
        [one] 👀 Reconociste 1 incidente. No se escalará, y su alerta muestra tu nombre.
        [many] 👀 Reconociste { $count } de incidentes. No se escalarán, y sus alertas muestran tu nombre.
       *[other] 👀 Reconociste { $count } incidentes. No se escalarán, y sus alertas muestran tu nombre.
    }
acknowledge-all-done-by =
    { $count ->
        [one] 👀 *{ $by } reconoció 1 incidente:*
        [many] 👀 *{ $by } reconoció { $count } de incidentes:*
       *[other] 👀 *{ $by } reconoció { $count } incidentes:*
    }
acknowledge-row = *{ $id }* { $what }
refusal-nothing-to-acknowledge = Ningún incidente con una alerta publicada espera que lo reconozcan
reason-nothing-to-acknowledge = no había nada que reconocer
incident-reminder = ⏰ { $by } reconoció este incidente hace { $age }, y no está resuelto: { $now }
note-line = 📒 { $note }
note-written = 📒 La nota de *{ $error }* aparece en sus alertas desde ahora.
note-written-by = 📒 *{ $by } escribió una nota* para { $error }.
note-removed = Se quitó la nota de *{ $error }*.
note-removed-by = *{ $by } quitó la nota* de { $error }.
spoken-note-undo = Deshacer el cambio de la nota de { $error }
help-note = escribir la nota (runbook) de un grupo de error, que sus alertas muestran; note=no la quita
audit-did-note = { $who } cambió la nota de un grupo de error: { $what }
mute-done = 🔕 En silencio hasta { $at }: { $topic }.
mute-done-by = 🔕 *{ $by } silenció* { $topic } hasta { $at }.
mute-extended = Esto reemplaza un silencio que duraba hasta { $at }.
mute-effect = Durante el silencio, el bot no publica alertas nuevas sobre este tema ni escala nada. El bot sigue registrando incidentes y actualizando las alertas publicadas. Cuando termina el silencio, el bot publica los incidentes que siguen activos.
mute-incidents =
    { $count ->
        [one] Esto silencia 1 incidente activo.
       *[other] Esto silencia { $count } incidentes activos.
    }
mute-no-jobs = La cola { $queue } no tiene jobs en este momento.
unmute-done = 🔔 Ya no está en silencio: { $topic }.
unmute-done-by = 🔔 *{ $by } terminó el silencio* de { $topic }.
unmute-early = El silencio habría terminado: { $at }.
help-acknowledge = reconocer un incidente; no se escalará
help-mute = no publicar alertas de un grupo de error, una cola o una regla de alerta por un rato
help-unmute = terminar un silencio antes de tiempo
refusal-incident-not-found = No existe el incidente { $id }
refusal-incident-closed = El incidente { $id } se resolvió a las { $at }: ya no hay nada que reconocer
refusal-not-operator = { $person } no puede ser responsable de un incidente: hace falta el rol operador. No se cambió nada
refusal-already-acknowledged = { $by } ya reconoció { $id }, a las { $at }
refusal-queue-not-found = No existe la cola { $queue }: nunca tuvo un job. No se cambió nada
refusal-nearest-queue = ¿Quisiste decir { $queue }?
refusal-known-queues = Colas conocidas: { $queues }
refusal-already-muted = { $by } ya silenció { $word } hasta las { $at }, más tiempo que tu silencio. Para acortarlo, primero quita el silencio de { $word }
refusal-not-muted = { $word } no está en silencio
refusal-not-muted-by = { $word } ya no está en silencio: { $by } terminó el silencio a las { $at }
refusal-muted-otherwise = { $id } no tiene un silencio propio: { $by } silenció { $word } hasta las { $at }. Para quitar ese silencio: { $nearest }
reason-incident-not-found = no existe ese incidente
reason-incident-closed = el incidente ya se había resuelto
reason-not-operator = la persona no es operadora
reason-already-acknowledged = el incidente ya estaba reconocido
reason-queue-not-found = no existe esa cola
reason-person-ambiguous = varias personas tienen ese nombre
reason-person-not-found = persona no encontrada
reason-already-muted = había un silencio más largo
reason-not-muted = no había ese silencio
reason-muted-otherwise = otro silencio cubre el incidente
problem-incident = { $value } no es un incidente como I12
problem-one-incident = Hace falta exactamente un incidente
problem-mute-what = Indica exactamente un tema: error=E12, queue=NOMBRE, alert=REGLA, alert=REGLA queue=NOMBRE, o un incidente como I12
problem-mute-no-queue = Esta regla de alerta no se refiere a una sola cola: quita queue=
problem-mute-length = { $field } debe estar entre 5m y 7d

### Qué se vigila, y quién lo hace
watch-title = *Monitoreo*
watch-holder = 👁️ { $replica } es el líder desde hace { $age }. Su turno de líder dura hasta las { $at } y se renueva cada pocos segundos (época { $epoch }).
watch-nobody = ⚠️ *Ninguna réplica monitorea la cola:* el último turno de líder terminó: { $at }. ¿Está corriendo { $run }?
watch-cost = Una revisión toma { $last } ms de tiempo de la base de datos.
watch-cost-unknown = Aún no se sabe cuánto tiempo de la base de datos toma una revisión.
watch-worst = La revisión más lenta de la última hora tomó { $worst } ms, hace { $age }.
watch-worst-high = ⚠️ La revisión más lenta de la última hora tomó { $worst } ms, hace { $age }: más de { $most } ms.
watch-too-soon = ⚠️ { $setting } ({ $limit }) es menor que el tiempo límite de los workers ({ $timeout }): los jobs que solo son lentos se reportan como atascados.
watch-no-channel = ⚠️ Falta { $setting }: no se publican alertas.
watch-incidents =
    { $count ->
        [one] *1 incidente activo*
       *[other] *{ $count } incidentes activos*, los más recientes primero
    }
watch-incidents-none = ✅ No hay incidentes activos.
watch-incident = *{ $id }* { $what }, desde hace { $age }
watch-count =
    { $count ->
        [one] 1 fallo
       *[other] { $count } fallos
    }
watch-seen = 👀 { $by }
watch-muted = 🔕 hasta { $at }
watch-more-incidents =
    { $count ->
        [one] … y 1 incidente más.
       *[other] … y { $count } incidentes más.
    }
watch-mutes =
    { $count ->
        [one] *1 silencio*
       *[other] *{ $count } silencios*, primero los que terminan antes
    }
watch-mutes-none = No hay nada en silencio.
watch-mute = 🔕 { $topic } hasta { $at }, por { $by }
watch-more-mutes =
    { $count ->
        [one] … y 1 silencio más. { $command } termina un silencio.
       *[other] … y { $count } silencios más. { $command } termina un silencio.
    }
watch-limits = *Reglas de alerta*
watch-limit = • { $rule } { $limit }
watch-new_failures =
    { $count ->
        [one] fallos nuevos de un grupo de error, al instante; con más de 1 alerta por minuto, una sola alerta para los fallos siguientes
       *[other] fallos nuevos de un grupo de error, al instante; con más de { $count } alertas por minuto, una sola alerta para los fallos siguientes
    }
watch-oldest_job = un job disponible que lleva más de { $age } en espera
watch-no_worker_activity = jobs disponibles, mientras ningún job empieza ni termina durante { $age }
watch-stuck_jobs = un job que lleva más de { $age } reservado
watch-backlog_growth =
    { $count ->
        [one] una cola que crece en 1 job en 15 min
       *[other] una cola que crece en { $count } jobs en 15 min
    }
watch-failed_count =
    { $count ->
        [one] más de 1 job fallido
       *[other] más de { $count } jobs fallidos
    }
watch-background_problem = una parte de queue-bot que no funciona
watch-life = Los incidentes sin reconocer se escalan a los { $escalate }. Si un incidente reconocido sigue sin resolverse, se recuerda cada { $remind }. Un incidente se resuelve después de { $recover } sin problemas.
watch-channel = Alertas: { $channel }
watch-routes = *Rutas* (queue-bot.toml): vale la primera que coincide con la cola
watch-route = • { $queues }: { $what }
watch-route-mention = menciona a { $group }
watch-route-age = { $rule } con más de { $age }
watch-route-count =
    { $count ->
        [one] { $rule } desde 1 job
        [many] { $rule } desde { $count } de jobs
       *[other] { $rule } desde { $count } jobs
    }
watch-route-quiet = en silencio de { $begin } a { $end } ({ $zone })
watch-route-same = la configuración de todas las colas
watch-more-routes =
    { $count ->
        [one] … y 1 ruta más.
        [many] … y { $count } de rutas más.
       *[other] … y { $count } rutas más.
    }
watch-digest = Resumen: { $time } ({ $zone }), { $days }, { $channel }
watch-no-digest = Sin resumen.
watch-day-mon = lun
watch-day-tue = mar
watch-day-wed = mié
watch-day-thu = jue
watch-day-fri = vie
watch-day-sat = sáb
watch-day-sun = dom
help-watch = monitoreo: incidentes activos, silencios, reglas de alerta y el líder
button-unmute = Quitar silencio

### Incidentes
incident-undrawn = ⚠️ *{ $id }*: no se puede mostrar la alerta de este incidente; el log del bot muestra la causa. { $slash } watch y { $slash } errors muestran los problemas de la cola.
incident-queues = varias colas
incident-group-open =
    { $count ->
        [one] 🔴 *1 job fallido*
       *[other] 🔴 *{ $count } jobs fallidos*
    }
incident-group-quiet =
    { $count ->
        [one] 🟠 *1 job fallido*
       *[other] 🟠 *{ $count } jobs fallidos*
    }
incident-group-settling =
    { $count ->
        [one] 🔁 *1 job fallido*
       *[other] 🔁 *{ $count } jobs fallidos*
    }
incident-group-recovered =
    { $count ->
        [one] ✅ *1 job fallido*
       *[other] ✅ *{ $count } jobs fallidos*
    }
incident-more = … y { $count } más
incident-span = primer fallo { $first }, último fallo { $last }
incident-known = se conoce desde { $at }
incident-retried =
    { $count ->
        [one] 1 reintentado
       *[other] { $count } reintentados
    }
incident-deleted =
    { $count ->
        [one] 1 eliminado
       *[other] { $count } eliminados
    }
incident-otherwise =
    { $count ->
        [one] 1 quitado sin el bot
       *[other] { $count } quitados sin el bot
    }
incident-by = último cambio por { $by }, { $at }
incident-left = { $left } sin reintentar
incident-waits = Todos estos jobs se reintentaron o se quitaron; el bot espera los resultados.
incident-quiet = Ningún fallo nuevo desde hace { $age }. Los jobs fallidos siguen en failed_jobs.
incident-acknowledged = 👀 Reconocido por { $by }, { $at }
incident-muted = 🔕 en silencio hasta { $until }
incident-mention = Para { $group }
incident-unseen = ⏰ Este incidente se activó hace { $age } y nadie lo ha reconocido: { $now }
incident-grown = 📈 Este incidente creció de { $before } a { $now }
incident-reopened = 🔴 Este incidente se activó otra vez, { $age } después de resolverse: { $now }
incident-over = ✅ Resuelto después de { $age }.
incident-over-figures = ✅ Resuelto después de { $age }. Jobs: { $figures }.
incident-figures =
    { $processed ->
        [one] 1 procesado
       *[other] { $processed } procesados
    }, { $failed ->
        [one] 1 falló
       *[other] { $failed } fallaron
    }
incident-processed =
    { $count ->
        [one] cerca de 1 procesado
       *[other] cerca de { $count } procesados
    }
incident-processed-all =
    { $count ->
        [one] cerca de 1 procesado en todas las colas
       *[other] cerca de { $count } procesados en todas las colas
    }
incident-failed =
    { $count ->
        [one] 1 falló
       *[other] { $count } fallaron
    }
incident-failed-queue =
    { $count ->
        [one] 1 falló en { $queue }
       *[other] { $count } fallaron en { $queue }
    }
incident-failures =
    { $count ->
        [one] 1 job fallido
       *[other] { $count } jobs fallidos
    }
button-acknowledge = Reconocer
button-mute-alert = Silenciar esta alerta 1 h
button-mute-error = Silenciar este error 1 h
button-mute-queue = Silenciar esta cola 1 h
button-delete-look = Eliminar…
button-errors = Grupos de error
incident-seconds = { $age }
incident-jobs =
    { $count ->
        [one] 1 job
       *[other] { $count } jobs
    }
incident-problems =
    { $count ->
        [one] 1 problema
       *[other] { $count } problemas
    }
button-status = Estado
button-watch = Monitoreo
button-stuck = Jobs atascados

### El trabajo interno del bot
background-stalled = ⚠️ *El trabajo interno se detuvo:* ninguna vuelta ha terminado desde hace { $age }.
background-step-failing = ⚠️ *{ $step }: falla.* Sin éxito desde hace { $age } ({ $error }).
background-step-late = ⚠️ *{ $step }: detenido.* La última ejecución con éxito fue hace { $age }.
background-index-lag = ⚠️ *El job fallido { $id }* aún no está en el índice de fallos, después de { $age }.
background-unsealed = ⚠️ *El registro de auditoría { $id }* aún no está sellado, después de { $age }.
background-audit-key-missing = ⚠️ *Falta la clave de la auditoría:* esta réplica no tiene la clave { $audit_key }. La réplica no puede sellar registros de auditoría y rechaza todo cambio.
background-forged-link = ⚠️ *El eslabón { $id } de la cadena de auditoría es falso:* no lo hizo ninguna réplica con la clave. No se sella nada hasta que se borre.
background-verify-failed = ⚠️ *La auditoría fue alterada:* la verificación de hace { $age } encontró fallas. El registro #{ $id } y el log las nombran.
background-forged-record = ⚠️ *El registro de auditoría { $id } no se selló:* su HMAC falta, es incorrecto o es una copia, así que no lo escribió ninguna réplica con la clave.
background-cursor-reset = ⚠️ *Alguien movió el cursor { $error } más allá de sus filas.* El bot restableció el cursor hace { $age }.
background-sample-old = ⚠️ *La última muestra de la cola* es de hace { $age }.
background-sample-missing = ⚠️ *No se toman muestras de la cola* desde hace { $age }.
background-zone-offset =
    { $direction ->
        [earlier] ⚠️ *El failed_at de los fallos nuevos está { $offset } atrasado:* no está en la zona horaria de QUEUE_BOT_TIME_ZONE.
       *[later] ⚠️ *El failed_at de los fallos nuevos está { $offset } adelantado:* no está en la zona horaria de QUEUE_BOT_TIME_ZONE.
    }
background-unseen = ⚠️ *Sin revisar: { $part }* ({ $error }). No se sabe su estado.
background-more =
    { $count ->
        [one] … y 1 problema más.
       *[other] … y { $count } problemas más.
    }
background-hint = El log del bot muestra la causa: busca { $line } en el log.
background-part-watcher = el trabajo interno
background-part-times = las horas de los fallos
background-part-failures = el índice de fallos
background-part-counts = el conteo de fallos
background-part-incidents = el sistema de alertas
background-part-retries = el seguimiento de los jobs reintentados
background-part-operations = la ejecución de cambios masivos
background-part-audit = la auditoría
background-part-outbox = la entrega de mensajes
background-part-metrics = el muestreo de la cola
background-part-digest = el resumen
background-part-purge = la limpieza de registros viejos
background-means-watcher = Pueden faltar alertas, cantidades y mensajes.
background-means-times = Los comandos que filtran fallos por hora se rechazan.
background-means-failures = Los fallos nuevos quizá no activen alertas, y quizá falten en listas y cantidades.
background-means-counts = Las cantidades en las listas de errores están desactualizadas.
background-means-incidents = Las alertas llegan tarde o no llegan.
background-means-retries = Los mensajes sobre reintentos no muestran los resultados de los jobs.
background-means-operations = Los cambios masivos pueden estar detenidos.
background-means-audit = Los cambios quedan registrados, pero sin sellar ni publicar.
background-means-outbox = No se publican alertas, mensajes de auditoría ni resúmenes.
background-means-metrics = Los totales y la gráfica están desactualizados, y las alertas pueden basarse en valores viejos.
background-means-digest = No se publica el resumen.
background-means-purge = Las tablas del propio bot siguen creciendo.
background-step-index = Indexar los fallos nuevos
background-step-scan = Revisar los fallos anteriores
background-step-copy-removed = Sacar del índice los fallos quitados
background-step-regroup = Agrupar los fallos con reglas nuevas
background-step-relabel = Leer otra vez los datos de búsqueda de los fallos
background-step-group = Activar incidentes
background-step-aggregate = Sumar los conteos
background-step-merge = Sumar los conteos de días pasados
background-step-probe = Revisar las colas
background-step-lifecycle = Actualizar los incidentes
background-step-refresh = Editar las alertas
background-step-outcomes = Seguir los jobs reintentados
background-step-bulk-outcomes = Seguir los reintentos masivos
background-step-canary = Evaluar las pruebas previas
background-step-approvals = Cerrar las solicitudes de aprobación
background-step-bulk = Ejecutar los cambios masivos
background-step-verify = Verificar la auditoría
background-step-seal = Sellar la auditoría
background-step-deliver = Entregar los mensajes
background-step-sample = Tomar muestras de la cola
background-step-roll = Consolidar las muestras
background-step-digest = Publicar el resumen
background-step-purge = Borrar registros viejos
background-step-load = Medir la carga de la base de datos
background-step-health = Revisar el trabajo interno

## Uniones de grupos de error
merge-preview = ¿Unir *{ $error }* a *{ $into }*?
merge-merged = 🔗 Se unió *{ $error }* a *{ $into }*.
merge-merged-by = 🔗 *{ $by } unió { $error }* a *{ $into }*.
merge-ended = *{ $error }* es otra vez un grupo separado y ya no es parte de *{ $into }*.
merge-ended-by = *{ $by } deshizo la unión* de { $error } a { $into }.
merge-group =
    { $count ->
        [one] *{ $error }* · 1 job fallido · { $name }
       *[other] *{ $error }* · { $count } jobs fallidos · { $name }
    }
merge-effect = Todos los fallos de { $error }, también los nuevos, cuentan como fallos de { $into }: en listas, alertas, filtros y resultados. Un silencio de { $error } no se aplica a { $into }. La unión no cambia ningún job, y puedes deshacerla en cualquier momento.
merge-part = Incluye *{ $error }*, lo unió { $by }, { $at } · { $name }
merge-part-rules = Incluye *{ $error }*, unido por nuevas reglas de agrupación, { $at } · { $name }
button-merge = Unir { $error } a { $into }
button-undo-merge = Deshacer unión
spoken-merge-undo = Deshacer la unión de { $error }
help-merge = contar los fallos de un grupo de error como fallos de otro grupo; into=no deshace una unión
audit-did-merge = { $who } unió grupos de error: { $what }
audit-did-merge-ended = { $who } deshizo la unión de grupos de error: { $what }
refusal-already-merged = { $id } ya está unido a { $into }. Para deshacer la unión: { $command }
refusal-not-merged = { $id } no está unido a otro grupo de error
reason-already-merged = ya estaba unido
reason-not-merged = no estaba unido
problem-merge-itself = Un grupo de error no se puede unir a sí mismo

## El primer minuto con una cola grande
watch-backfill = ⏳ Fallos anteriores: { $rows } de aproximadamente { $total } ya están en el índice
watch-regrouping = ⏳ Nuevas reglas de agrupación: los fallos se agrupan de nuevo, van { $rows } de aproximadamente { $total }
watch-relabeling = ⏳ Cambió QUEUE_BOT_SUBJECTS: los fallos se indexan de nuevo, van { $rows } de aproximadamente { $total }
watch-backfill-rate =
    { $count ->
        [one] 1 por segundo, faltan aproximadamente { $left }
       *[other] { $count } por segundo, faltan aproximadamente { $left }
    }
watch-checks =
    { $count ->
        [one] Revisiones: 1 cola, revisada hace { $newest }
       *[other] Revisiones: { $count } colas por turnos; la última revisión fue hace { $newest }; la cola que lleva más tiempo sin revisar es { $queue }: { $oldest }
    }
watch-unchecked =
    { $count ->
        [one] ⏳ 1 cola más espera su primera revisión
       *[other] ⏳ { $count } colas más esperan su primera revisión
    }
watch-check = { $queue }: revisada hace { $age }
status-estimated = ⏳ Estimado: el primer conteo exacto todavía no está listo. Vuelve a pedirlo en un minuto para ver los números exactos.
modal-counting = Contando los jobs fallidos …
modal-preview = Vista previa

## doctor

doctor-needs-failed = No se revisó, porque falló la revisión { $check }.
doctor-slack-unanswered = Slack no respondió como se necesita: { $reason }.
doctor-database-unanswered = La base de datos no respondió ({ $reason }).
doctor-check-broken = Esta revisión terminó con un error ({ $reason }).
doctor-report-bug = Repórtalo como un error de queue-bot.
doctor-administrator = Pide a un administrador de la base de datos que ejecute esta sentencia.
doctor-no-address = DATABASE_URL no está definida.
doctor-set-address = Define la dirección de la base de datos.
doctor-server-answers = { $server } responde en { $ms } ms.
doctor-server-old = { $server } es demasiado antiguo: el bot necesita { $product } { $least } o más reciente.
doctor-sqlite-connection = Un archivo SQLite no necesita conexión.
doctor-encrypted = La conexión está cifrada ({ $cipher }).
doctor-local-server = El servidor está en esta máquina, así que la conexión no necesita cifrado.
doctor-not-encrypted = La conexión a la base de datos no está cifrada.
doctor-encrypt = Define DATABASE_CA con el archivo de la autoridad del servidor, y quita DATABASE_TLS=off.
doctor-sqlite-session = SQLite no tiene ajustes de sesión.
doctor-session-kept = La cuenta no puede definir { $name }; su valor { $value } funciona.
doctor-session = La sesión tiene el nivel de aislamiento READ COMMITTED y los ajustes del bot.
doctor-writable = La base de datos acepta cambios.
doctor-clocks = Los relojes de esta máquina y de la base de datos difieren en { $seconds } s.
doctor-synchronize = Sincroniza los relojes de las dos máquinas.
doctor-sqlite-accounts = SQLite no tiene cuentas.
doctor-grant-missing = La cuenta { $account } no tiene { $privileges } sobre { $table }.
doctor-grants = La cuenta { $account } tiene todos los privilegios que el bot necesita.
doctor-sqlite-one = SQLite es para un solo proceso.
doctor-connections = { $opened } de { $limits } conexiones están abiertas, { $own } de ellas por esta cuenta; una réplica del bot abre como máximo { $expected }.
doctor-connections-few = Al servidor se le pueden acabar las conexiones: { $sentence }
doctor-connections-raise = Sube max_connections en el servidor, o cierra conexiones de otros programas.
doctor-settings = Toda la configuración es válida.
doctor-copy-bot-token = Copia el token (xoxb-…) de { $oauth }, en la página de la app, a SLACK_BOT_TOKEN.
doctor-create-app-token = Crea un token de app con connections:write en Basic Information, en la página de la app, y cópialo (xapp-…) a SLACK_APP_TOKEN.
doctor-network = Comprueba que esta máquina llega a Slack: su red, su proxy (HTTPS_PROXY), su reloj.
doctor-add-scope = Agrega el scope en { $oauth }, en la página de la app, y vuelve a instalar la app.
doctor-no-bot-token = SLACK_BOT_TOKEN no está definida.
doctor-other-workspace = El token del bot es del workspace { $team }, pero QUEUE_BOT_TEAM_ID es { $expected }: el bot rechaza a todos.
doctor-other-workspace-do = Usa el token del otro workspace, o corrige QUEUE_BOT_TEAM_ID.
doctor-bot-token = Slack acepta el token del bot para { $workspace }.
doctor-scopes-unknown = Slack no informó los scopes del token del bot.
doctor-scopes-compare = Compara { $oauth }, en la página de la app, con manifest.yml.
doctor-scope-missing = Al token del bot le falta el scope { $scope }{ $purpose }.
doctor-scopes-unused = El token del bot tiene scopes que el bot nunca usa: { $scopes }.
doctor-scopes-remove = Quítalos en { $oauth }, en la página de la app, y vuelve a instalar la app.
doctor-scopes = El token del bot tiene los { $number } scopes del manifiesto.
doctor-http-connection = Slack envía solicitudes firmadas, así que la app no necesita conexión.
doctor-connected = El bot en ejecución está conectado.
doctor-no-app-token = SLACK_APP_TOKEN no está definida.
doctor-different-apps = SLACK_APP_TOKEN es de la app de Slack { $app }, pero SLACK_BOT_TOKEN es de la app { $bot }: llegan los comandos de una app, y no llegan los botones de los mensajes de la otra.
doctor-different-apps-do = Abre la página de una sola app. Copia su token de app (Basic Information) a SLACK_APP_TOKEN y su token del bot ({ $oauth }) a SLACK_BOT_TOKEN.
doctor-app-token-refused = Slack no acepta el token de app: { $reason }.
doctor-no-websocket = Slack acepta el token de app, pero no se abre ningún WebSocket ({ $reason }): ningún comando llegaría al bot.
doctor-no-websocket-do = Un proxy o un firewall bloquea los WebSockets. Permite wss:// en el puerto 443 hacia *.slack.com. El cliente de Slack usa HTTPS_PROXY e ignora NO_PROXY.
doctor-websocket = Slack acepta el token de app, y se abre un WebSocket.
doctor-sockets-many = La app tiene { $opened } conexiones abiertas; se esperan como máximo { $expected }.
doctor-sockets-many-do = Detén las copias del bot que nadie necesita, porque Slack envía cada comando a cualquiera de ellas; o define QUEUE_BOT_REPLICAS.
doctor-sockets = Conexiones abiertas de la app: { $opened } de un máximo de { $expected }.
doctor-channels = El bot está en todos los canales: { $channels }.
doctor-no-changes = Nadie puede cambiar un job desde Slack.
doctor-no-changes-do = Define QUEUE_BOT_CHANGE_CHANNELS, o QUEUE_BOT_CHANGES_IN_HOME=true.
doctor-alert-buttons = Los botones de las alertas rechazan cada clic: el canal de alertas no permite cambios.
doctor-alert-buttons-do = Agrega { $channel } a QUEUE_BOT_CHANGE_CHANNELS.
doctor-changes = Se pueden cambiar jobs en los canales de las alertas.
doctor-channel-unknown = El canal { $channel } ({ $names }) no existe, o es privado y el bot no está en él.
doctor-channel-unknown-do = Corrige { $names }, o escribe esto en el canal privado.
doctor-channel-unread = No se puede leer el canal { $channel } ({ $names }): { $reason }.
doctor-channel = El canal #{ $name } ({ $channel }, { $names })
doctor-channel-archived = { $channel } está archivado: sus mensajes esperan.
doctor-channel-archived-do = Desarchiva el canal en Slack, o cambia { $names }.
doctor-channel-shared = { $channel } se comparte con otra empresa: su gente leería cada mensaje, y el bot rechaza los cambios ahí.
doctor-channel-shared-do = Usa un canal de tu propia empresa en { $names }.
doctor-channel-outside = El bot no está en #{ $name } ({ $channel }, { $names }) y no puede publicar ahí.
doctor-type-in-channel = Escribe esto en el canal.
doctor-group-admins = Los miembros de { $groups } son administradores. Por defecto, en Slack cada miembro del workspace puede editar los grupos de usuarios y así volverse administrador.
doctor-group-admins-do = Pon los ids de usuario de los administradores en QUEUE_BOT_ADMINS, o permite solo a los propietarios del workspace editar los grupos de usuarios.
doctor-role = { $name }: { $people }{ $rest }.
doctor-role-empty = { $name } no da el rol a nadie.
doctor-role-empty-do = Pon ids de personas en { $name }.
doctor-person-refused-do = Reemplaza { $user } en { $name }, o haz a la persona miembro pleno.
doctor-person-unknown = { $user } en { $name } no existe en el workspace.
doctor-correct = Corrige { $name }.
doctor-person-unread = No se puede leer { $user } en { $name }: { $reason }.
doctor-group-empty = El grupo de usuarios { $group } en { $name } no tiene miembros: no da el rol a nadie.
doctor-group-empty-do = Agrega miembros al grupo en Slack.
doctor-group-unknown = El grupo de usuarios { $group } en { $name } no existe.
doctor-group-unread = No se puede leer el grupo de usuarios { $group } en { $name } ({ $reason }): el bot rechaza a sus miembros.
doctor-group-unread-do = Los grupos de usuarios necesitan un plan de pago de Slack y el scope usergroups:read.
doctor-layout = Las tablas { $jobs } y { $failed } son del layout { $layout }.
doctor-columns = Cada una de las { $number } columnas tiene un tipo con el que el bot puede trabajar.
doctor-engine = La tabla { $table } usa { $engine }: los cambios necesitan transacciones.
doctor-own-tables = Las { $number } tablas del bot ocupan { $size } MiB; la más grande es { $table } ({ $part } MiB).
doctor-own-tables-exist = Las { $number } tablas del bot existen.
doctor-index-enough = El bot no necesita otro índice.
doctor-index = { $table } tiene un segundo índice ({ $indexes }), así que el servidor cuenta rápido sus filas.
doctor-no-index = { $table } no tiene un segundo índice, así que contar sus filas lee la tabla entera (unas { $size } filas, { $memory } MiB).
doctor-no-index-few = { $sentence } Un índice ahorraría poco.
doctor-no-index-do = Con un índice, contar 3 millones de filas tarda 70 ms en vez de 4 a 10 s. El bot funciona sin el índice y nunca lo crea.
doctor-audit-fault = Guarda una copia de las tablas y averigua quién las cambió.
doctor-audit-faults = Hay { $number } fallas más.
doctor-audit-part = Se verificaron { $number } registros; siguen más.
doctor-audit = La cadena de { $number } registros de auditoría es válida.
doctor-not-run = El bot todavía no se ha ejecutado.
doctor-start = Inicia el bot.
doctor-leader = La réplica { $replica } hace el trabajo de fondo.
doctor-outbox-empty = Ningún mensaje espera a Slack.
doctor-outbox = { $number } mensajes esperan, el más antiguo desde hace { $seconds } s.
doctor-index-not-begun = Ningún job fallido se indexa antes de la primera ejecución del bot.
doctor-index-complete = Todos los jobs fallidos están indexados.
doctor-clock-ahead = El reloj de la base de datos está { $seconds } s adelantado respecto al de esta máquina. Las edades de los jobs usan el reloj de la base de datos, y las firmas de Slack el de esta máquina.
doctor-clock-behind = El reloj de la base de datos está { $seconds } s atrasado respecto al de esta máquina. Las edades de los jobs usan el reloj de la base de datos, y las firmas de Slack el de esta máquina.
doctor-no-channel = no hay ninguno configurado
doctor-everyone = cada miembro pleno del workspace
doctor-role-more = { " " }y { $number } más
doctor-person-refused =
    { $why ->
        [foreign] { $user } en { $name } es de otro workspace: el bot rechaza a esta persona.
        [deactivated] { $user } en { $name } está desactivado: el bot rechaza a esta persona.
        [bot] { $user } en { $name } es un bot: el bot rechaza a esta persona.
        [guest] { $user } en { $name } es un invitado: el bot rechaza a esta persona.
       *[other] { $user } en { $name } no es miembro pleno: el bot rechaza a esta persona.
    }
doctor-index-waiting = { $number } jobs fallidos esperan ser indexados.
doctor-index-many = al menos { $number } jobs fallidos esperan ser indexados.
doctor-problem =
    { $count ->
        [one] *{ $count } problema*
        [many] *{ $count } de problemas*
       *[other] *{ $count } problemas*
    }
doctor-warning =
    { $count ->
        [one] { $count } advertencia
        [many] { $count } de advertencias
       *[other] { $count } advertencias
    }
doctor-skipped = { $count } sin comprobar
doctor-ok = { $count } bien
doctor-status-problem = *Problema* { $check }
doctor-status-warning = *Advertencia* { $check }
doctor-status-skipped = *Sin comprobar* { $check }
doctor-more = … y { $count } más.
doctor-good = Sin problemas: { $names }
doctor-terminal = En una terminal, { $command } también abre un WebSocket y verifica más del registro de auditoría.
doctor-word-ok = bien
doctor-word-skipped = sin comprobar
doctor-word-warning = advertencia
doctor-word-problem = problema
doctor-count-ok = { $count } bien
doctor-count-skipped = { $count } sin comprobar
doctor-count-warning =
    { $count ->
        [one] { $count } advertencia
        [many] { $count } de advertencias
       *[other] { $count } advertencias
    }
doctor-count-problem =
    { $count ->
        [one] { $count } problema
        [many] { $count } de problemas
       *[other] { $count } problemas
    }

## El comando queue-bot setup
setup-help-usage = Uso
setup-help-options = [OPCIONES]
setup-help-list = Opciones
setup-help-text = TEXTO
setup-help-file = ARCHIVO
setup-help = Pide la configuración, comprueba cada respuesta al momento y guarda todo en un archivo.
setup-help-script = Las variables de entorno también cuentan como respuestas. Sin una terminal, hay que dar todas las respuestas.
setup-help-output = El archivo con la configuración.  [por defecto: { $file }]
setup-help-force = Reemplaza un archivo existente sin preguntar.
setup-help-help = Muestra esta ayuda y termina.
setup-secret = Tu respuesta no se ve mientras escribes.
setup-decision = c: comprobar de nuevo, n: nueva respuesta, k: conservar esta respuesta
setup-no-decision = { $typed } no es 'c', 'n' ni 'k'.
setup-yes = s/N
setup-no-yes = responde s o n
setup-aborted = Cancelado.
setup-exists = El archivo { $path } ya existe: elige otro con --output, o usa --force.
setup-replace = El archivo { $path } ya existe. ¿Reemplazarlo al final?
setup-unwritable = No se puede escribir el archivo { $path }: { $reason }.
setup-missing = Falta { $setting }: usa { $option }.
setup-no-answer = { $setting } necesita una respuesta.
setup-create-app = En api.slack.com/apps elige "Create New App", "From a manifest", y pega esto:
setup-install-app = Después elige Install App, e invita al bot a los canales que vas a indicar abajo.
setup-migrate-file = Crea las tablas del bot: { $program } migrate
setup-step-accounts = 1. Un administrador de la base de datos ejecuta estas sentencias, con una contraseña nueva en lugar de { $password }:
setup-step-tables = 2. Crea las tablas del bot en este shell, con la misma contraseña:
setup-step-grants = 3. Un administrador de la base de datos bloquea esa cuenta y da los privilegios a la cuenta del bot:
setup-written = Se escribió { $path }, que solo tú puedes leer.
setup-next = Después de las sentencias de arriba, comprueba todo y luego inicia el bot:
setup-member-id = En Slack: el perfil de la persona, el menú de tres puntos, copiar el ID de miembro.
setup-channel-id = En Slack: el nombre del canal abre sus detalles, y el ID está al final. Antes invita al bot con /invite @queue-bot.
setup-command = Comando de barra
setup-command-hint = Un segundo bot en el mismo workspace necesita su propio comando, por ejemplo /queue-staging.
setup-environment = Entorno que aparece en cada mensaje
setup-environment-hint = Por ejemplo staging o production. Escribe - si no quieres ninguno.
setup-bot-token = Token del bot
setup-bot-token-hint = En la página de la app: { $oauth }, Bot User OAuth Token (xoxb-…).
setup-app-token = Token de app
setup-app-token-hint = En la página de la app: Basic Information, App-Level Tokens, connections:write (xapp-…).
setup-signing-secret = Signing secret de la app
setup-signing-secret-hint = En la página de la app: Basic Information, App Credentials, Signing Secret.
setup-address = Dirección de la base de datos para la cuenta del bot
setup-address-hint = mysql+pymysql://queue_bot:CONTRASEÑA@HOST/BASE con la base de datos de la cola. La cuenta ya debe existir y poder leer las dos tablas; los demás GRANT vienen después.
setup-schema = Base de datos para las tablas propias del bot, en el mismo servidor
setup-schema-hint = Escribe - para dejarlas en la base de datos de la cola.
setup-audit-channel = Id del canal de auditoría
setup-alert-channel = Id del canal de alertas
setup-change-channels = Ids de los canales donde se pueden cambiar jobs
setup-change-channels-hint = Separa los ids con comas. Los botones de las alertas solo funcionan en estos canales.
setup-admins = Ids de los administradores
setup-operators = Ids de los operadores
setup-operators-hint = Ids de personas o de grupos de usuarios (S…). Escribe - si no hay ninguno.
setup-viewers = Ids de los lectores
setup-viewers-hint = * significa cada miembro pleno del workspace. Escribe - si no hay ninguno.
setup-time-zone = Zona horaria en la que los workers escriben failed_at
setup-time-zone-hint = Un nombre IANA, por ejemplo America/Lima.
setup-language = Idioma de los mensajes, en o es

## Frases de un inicio, que el log tiene en inglés
start-slack-token = Slack no acepta el token del bot: { $reason }.
start-triggers = La cuenta no puede ver los triggers de { $reason }: cada fila que entra se compara con su original. docs/operating.md nombra el privilegio.
start-wrong-bot-token = { $setting } debe ser el token que empieza con xoxb-.
start-wrong-app-token = { $setting } debe ser el token que empieza con xapp-.
start-wrong-expiring-token = { $setting } es un token que caduca (xoxe…), y el bot no puede renovarlo: desactiva la rotación de tokens de la app.
start-wrong-token-lines = { $setting } debe ser solo el token, sin espacios ni otras líneas.
start-wrong-signing-secret = { $setting } debe ser el Signing Secret de la app, de Basic Information.
start-wrong-address = { $setting } debe ser una dirección como mysql+pymysql://usuario:contraseña@host/base o sqlite:////ruta/al/archivo (codifica con % los caracteres especiales de la contraseña).
start-wrong-driver = { $setting } debe empezar con mysql+pymysql:// o sqlite:///.
start-wrong-memory = { $setting } debe indicar un archivo: una base de datos en memoria se pierde cuando el bot se detiene.
start-wrong-no-database = { $setting } debe indicar la base de datos, después del host: mysql+pymysql://…@host/base.
start-wrong-schema = { $setting } debe ser un nombre de letras, dígitos y _.
start-wrong-schema-file = { $setting } necesita MariaDB o MySQL: un archivo SQLite no tiene esquemas; quítala.
start-wrong-channel = { $setting } debe ser el id de un canal de Slack (C… o G…).
start-wrong-channels = { $setting } debe tener ids de canales de Slack (C… o G…), no nombres.
start-wrong-members = { $setting } debe tener ids de Slack de usuarios (U… o W…) y de grupos de usuarios (S…).
start-wrong-readers = { $setting } debe tener ids de Slack de usuarios (U… o W…) y de grupos de usuarios (S…), o * para cada miembro pleno.
start-wrong-command = { $setting } debe ser una barra y hasta 31 letras minúsculas, dígitos, - o _, como /queue-staging.
start-wrong-environment = { $setting } debe ser un nombre de hasta 20 letras sin tilde, dígitos y guiones, como staging.
start-wrong-zone = { $setting } debe ser el nombre IANA de una zona horaria, como America/Lima o UTC.
start-wrong-language = { $setting } debe ser 'en' o 'es'.
start-database-unreachable = No se llega a la base de datos: revisa la dirección en DATABASE_URL, y el servidor ({ $reason }).
start-database-silent = No se llega a la base de datos: revisa la dirección en DATABASE_URL, y el servidor (no responde a tiempo).
start-database-account = La base de datos no deja entrar a esta cuenta: revisa el nombre y la contraseña en DATABASE_URL ({ $reason }).
start-database-rights = A la cuenta le falta un privilegio: docs/operating.md lista los que necesita ({ $reason }).
start-database-crowded = La base de datos ya no acepta más conexiones: inténtalo de nuevo, o sube su límite ({ $reason }).
start-database-tls = La conexión no se puede cifrar como se exige: revisa DATABASE_CA y el servidor, o define DATABASE_TLS=off en una red de confianza ({ $reason }).
start-database-clear = El servidor pide la contraseña en texto plano: define DATABASE_CA, para que se verifique ({ $reason }).
start-database-password = La cuenta no se puede usar: renueva su contraseña o desbloquéala ({ $reason }).
start-database-missing = La base de datos de DATABASE_URL no existe: revisa la parte después de la última barra ({ $reason }).
start-database-file = No se puede abrir el archivo SQLite: revisa la ruta en DATABASE_URL ({ $reason }).
start-database-no-file = El archivo de DATABASE_URL no es una base de datos SQLite ({ $reason }).
start-children = La base de datos borra o cambia filas de { $other } ({ $reason }) junto con una fila de { $table }, y deshacer no las restaura: por id, esto necesita force=yes.
start-layouts = Las tablas { $table } y { $other } coinciden con los layouts { $layouts }. Elige uno, por ejemplo QUEUE_BOT_LAYOUT={ $layout }.
start-layout-columns = Faltan columnas o tienen otro tipo ({ $reason }). Elige un layout, por ejemplo QUEUE_BOT_LAYOUT={ $layout }.
start-no-table = La tabla { $table } no está en la base de datos: revisa DATABASE_URL y QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE.
start-no-table-codeigniter = La tabla { $table } no está en la base de datos: revisa DATABASE_URL y QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE. Las tablas de CodeIgniter Queue sí están: define QUEUE_BOT_JOBS_TABLE={ $layout } y QUEUE_BOT_FAILED_JOBS_TABLE={ $other }.
start-no-table-similar = La tabla { $table } no está en la base de datos: revisa DATABASE_URL y QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE. Hay una tabla { $other }.
start-view = { $table } es una vista: pon en la configuración la tabla misma.
start-engine = La tabla { $table } usa { $engine }: los cambios necesitan transacciones, así que conviértela con ALTER TABLE { $table } ENGINE=InnoDB.
start-no-column = La tabla { $table } no tiene la columna { $column }.
start-column-inexact = La columna { $column } es del tipo { $type }: al deshacer no se podría restaurar su valor exacto.
start-column-no-default = La columna { $column } es NOT NULL y no tiene valor por defecto: un reintento no tiene valor para ella. Dale un valor por defecto.
start-column-no-id = La columna { $column } no es AUTO_INCREMENT: una fila insertada no recibe id.
start-column-text = La columna { $column } es { $type }, pero debe contener texto.
start-column-bytes = La columna { $column } contiene bytes, pero el nombre de una cola debe ser texto.
start-column-number = La columna { $column } es { $type }, pero debe ser un número entero (momentos en segundos desde 1970).
start-column-generated = La columna { $column } es generada, así que un reintento no puede definirla.
start-column-long = La columna { $column } permite más de los { $reason } caracteres que el bot guarda del nombre de una cola.
start-column-time = La columna { $column } es { $type }, pero debe ser DATETIME o TIMESTAMP.
start-column-timestamp = La columna { $column } es TIMESTAMP, que el bot lee en UTC: define QUEUE_BOT_TIME_ZONE=UTC.
start-wrong-missing = Falta { $setting }; defínela. docs/settings.md explica el valor.
start-wrong-missing-secret = Falta { $setting }; defínela, o define { $setting }_FILE con un archivo que la contenga. docs/settings.md explica el valor.
start-nobody = Todavía nadie tiene un rol; pon ids de usuarios o de grupos de usuarios de Slack en QUEUE_BOT_ADMINS, QUEUE_BOT_OPERATORS o QUEUE_BOT_VIEWERS.
start-no-audit-key = QUEUE_BOT_AUDIT_KEY no está definida: cualquiera que pueda escribir en la base de datos puede falsificar registros de auditoría que la verificación acepta. queue-bot audit new-key imprime una clave nueva.
start-no-tls = DATABASE_TLS=off: no se verifica la base de datos, y la conexión puede ir sin cifrar.
start-open-file = Cualquier cuenta de esta máquina puede leer el archivo SQLite: ejecuta chmod 600.
start-folder = No se puede crear la carpeta del archivo SQLite: { $reason }
start-own-tables-old = Las tablas del bot están en la versión { $table } de { $other }: queue-bot migrate.
